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

/// Answers requests, as long as there are connections.
class pages {
public:
    explicit pages(keeper const& kept) : kept_{kept} {}

    restinio::request_handling_status_t respond(restinio::request_handle_t const& request) {
        auto const method = request->header().method();
        bool const is_head = method == restinio::http_method_head();
        bool const is_asked = is_head || method == restinio::http_method_get();
        auto made = is_asked ? make_answer(request->header().path())
                             : plain(restinio::status_method_not_allowed(), "GET and HEAD are all");
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

private:
    struct answer {
        restinio::http_status_line_t status;
        std::string type;
        std::string body;
    };

    static answer plain(restinio::http_status_line_t status, std::string text) {
        return {std::move(status), "text/plain; charset=utf-8", std::move(text) + '\n'};
    }

    answer make_answer(std::string_view path) {
        if (path == "/healthz") {
            auto const amiss = kept_.status().amiss;
            return amiss.empty() ? plain(restinio::status_ok(), "ok")
                                 : plain(restinio::status_service_unavailable(), amiss);
        }
        if (path != "/links" && path != "/metrics")
            return plain(restinio::status_not_found(), "there are /links, /metrics and /healthz");
        auto const now = look(links_);
        if (!now) return plain(restinio::status_internal_server_error(), now.error().message());
        if (path == "/links") return {restinio::status_ok(), "application/json", links_page(*now)};
        return {restinio::status_ok(), "text/plain; version=0.0.4; charset=utf-8",
                metrics_page(*now, kept_.status())};
    }

    keeper const& kept_;
    bpflink::snapshotter links_;
};

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
        .request_handler([all = std::make_shared<pages>(kept)](auto const& request) {
            return all->respond(request);
        });
    auto* const made = new server{restinio::external_io_context(loop), std::move(settings)};
    std::shared_ptr<server> listening{made, [](server* its) {
                                          its->close_sync();
                                          delete its;
                                      }};
    listening->open_sync();
    return listening;
}

} // namespace service
