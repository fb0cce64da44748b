// SPDX-License-Identifier: Apache-2.0
#include "server.hpp"

#include "pages.hpp"

#include <chrono>
#include <restinio/all.hpp>
#include <string>
#include <string_view>
#include <utility>

namespace service {
namespace {

using namespace std::chrono_literals;

/// Lets so many connections in that descriptors are left for the service. RESTinio's own limit has
/// connections point to the server when it is no more.
class connection_limit {
public:
    void state_changed(restinio::connection_state::notice_t const& notice) noexcept {
        auto const cause = notice.cause();
        if (holds_alternative<restinio::connection_state::accepted_t>(cause)) ++open_;
        if (holds_alternative<restinio::connection_state::closed_t>(cause)) --open_;
    }
    [[nodiscard]] restinio::ip_blocker::inspection_result_t
    inspect(restinio::ip_blocker::incoming_info_t const&) const noexcept {
        return open_ < 64 ? restinio::ip_blocker::allow() : restinio::ip_blocker::deny();
    }

private:
    int open_ = 0;
};

struct traits : restinio::default_single_thread_traits_t {
    using connection_state_listener_t = connection_limit;
    using ip_blocker_t = connection_limit;
};

struct answer {
    restinio::http_status_line_t status;
    std::string body;
    std::string type = "text/plain; charset=utf-8";
};

answer answer_to(std::string_view path, keeper const& kept, bpflink::snapshotter& links) {
    if (path == "/healthz") {
        auto const amiss = kept.status().amiss;
        return amiss.empty() ? answer{restinio::status_ok(), "ok\n"}
                             : answer{restinio::status_service_unavailable(), amiss + '\n'};
    }
    if (path != "/links" && path != "/metrics")
        return {restinio::status_not_found(), "there are /links, /metrics and /healthz\n"};
    auto const now = look(links);
    if (!now) return {restinio::status_internal_server_error(), now.error().message() + '\n'};
    if (path == "/links") return {restinio::status_ok(), links_page(*now), "application/json"};
    return {restinio::status_ok(), metrics_page(*now, kept.status()),
            "text/plain; version=0.0.4; charset=utf-8"};
}

auto respond(restinio::request_handle_t const& request, keeper const& kept,
             bpflink::snapshotter& links) {
    auto const method = request->header().method();
    bool const is_head = method == restinio::http_method_head();
    bool const is_asked = is_head || method == restinio::http_method_get();
    auto made = is_asked ? answer_to(request->header().path(), kept, links)
                         : answer{restinio::status_method_not_allowed(), "GET and HEAD are all\n"};
    auto response =
        request->create_response<restinio::user_controlled_output_t>(std::move(made.status));
    response.append_header(restinio::http_field::content_type, std::move(made.type))
        .append_header(restinio::http_field::cache_control, "no-store")
        .set_content_length(made.body.size());
    if (!is_head) response.set_body(std::move(made.body));
    // Data after another method is not waited for.
    if (!is_asked)
        response.append_header(restinio::http_field::allow, "GET, HEAD").connection_close();
    return response.done();
}

} // namespace

std::shared_ptr<void> serve_pages(asio::io_context& loop, keeper const& kept) {
    using server = restinio::http_server_t<traits>;
    restinio::server_settings_t<traits> settings;
    auto const limit = std::make_shared<connection_limit>();
    settings.address(kept.where().address)
        .port(kept.where().port)
        .connection_state_listener(limit)
        .ip_blocker(limit)
        .incoming_http_msg_limits(restinio::incoming_http_msg_limits_t{}
                                      .max_url_size(1024)
                                      .max_field_name_size(256)
                                      .max_field_value_size(8192)
                                      .max_field_count(64)
                                      .max_body_size(4096))
        .read_next_http_message_timelimit(60s)
        .write_http_response_timelimit(10s)
        .request_handler([&kept, links = std::make_shared<bpflink::snapshotter>()](
                             auto const& request) { return respond(request, kept, *links); });
    auto* const made = new server{restinio::external_io_context(loop), std::move(settings)};
    std::shared_ptr<server> listening{made, [](server* its) {
                                          its->close_sync();
                                          delete its;
                                      }};
    listening->open_sync();
    return listening;
}

} // namespace service
