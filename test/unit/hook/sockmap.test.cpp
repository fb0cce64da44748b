// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <bpflink/hook/attach.hpp>
#include <bpflink/hook/sockmap.hpp>
#include <bpflink/program_ref.hpp>

#include <string>

namespace {

using bl::attach_type;
using bl::program_type;

struct with_map : machine {
    fake::map& of_sockets = [this]() -> fake::map& {
        auto& made = add_map();
        made.type = 15;
        return made;
    }();
    bl::unique_fd fd = open(of_sockets);
    bl::map_ref map = *bl::map_ref::from_fd(fd);
    typed_program<program_type::sk_skb> skb{{open(add_program(program_type::sk_skb))}};
    typed_program<program_type::sk_msg> msg{{open(add_program(program_type::sk_msg))}};
    std::string subject = "map descriptor " + std::to_string(fd.get());
};

} // namespace

TEST_CASE_FIXTURE(with_map, "each attach type of a sockmap takes its program type") {
    struct row {
        attach_type attach;
        unsigned number;
        bool message;
    };
    for (row const& each : {
             row{attach_type::sk_skb_stream_parser, 4, false},
             row{attach_type::sk_skb_stream_verdict, 5, false},
             row{attach_type::sk_msg_verdict, 7, true},
             row{attach_type::sk_skb_verdict, 38, false},
         }) {
        CAPTURE(each.attach);
        bl::hook::sockmap const where{.map = map, .attach = each.attach};
        forget_calls();
        auto const of_skb = bl::attach(skb, where);
        auto const of_msg = bl::attach(msg, where);
        CHECK(system_calls() == 1);
        CHECK(of_skb.has_value() != each.message);
        CHECK(of_msg.has_value() == each.message);
        CHECK(last_create.target == static_cast<std::uint32_t>(fd.get()));
        CHECK(last_create.attach_type == each.number);
        CHECK(last_create.flags == 0);
        check_error((each.message ? of_skb : of_msg).error(), EINVAL, bl::operation::link_create,
                    bl::errc::invalid_argument,
                    {subject, "of type sk_", "needed for " + to_string(each.attach)});
    }
    check_error(bl::attach(skb, bl::hook::sockmap{map, attach_type::sk_lookup}), EINVAL,
                bl::operation::link_create, bl::errc::invalid_argument,
                {"sk_lookup is not of sockmap"});
}

TEST_CASE_FIXTURE(with_map, "a sockmap says what is in the way") {
    auto const check = [&](int number, bl::errc condition, std::string_view text,
                           attach_type attach = attach_type::sk_skb_verdict) {
        CAPTURE(number);
        fail(call::link_create, number);
        check_error(bl::attach(skb, bl::hook::sockmap{map, attach}), number,
                    bl::operation::link_create, condition, {subject, to_string(attach), text});
        CHECK(newest_link() == nullptr);
    };
    on_hook = {{30, 0}};
    check(EBUSY, bl::errc::hook_busy, "program 30 is there");
    fail(call::prog_query, EBUSY);
    check(EBUSY, bl::errc::hook_busy, "the other kind of verdict");
    fail_always(call::prog_query, EPERM);
    check(EBUSY, bl::errc::hook_busy, "one of:");
    mend();
    check(EOPNOTSUPP, bl::errc::not_supported, "stream parsers", attach_type::sk_skb_stream_parser);
    check(EINVAL, bl::errc::invalid_argument, ""); // the kernel and the map have it all
    of_sockets.type = 1;
    check(EINVAL, bl::errc::invalid_argument, "neither a sockmap");
    check(EOPNOTSUPP, bl::errc::invalid_argument, "neither a sockmap");
}

// E10
TEST_CASE_FIXTURE(with_map,
                  "without attach, a sockmap takes that of the program, where it is told") {
    REQUIRE(succeeded(bl::attach(msg, bl::hook::sockmap{.map = map})));
    CHECK(last_create.attach_type == 7);
    auto const attach = [&](attach_type loaded) {
        bpf_program const facts{"prog", program_type::sk_skb, loaded, skb.fd().get()};
        return bl::attach(*bl::program_ref<program_type::sk_skb>::from(&facts),
                          bl::hook::sockmap{.map = map});
    };
    REQUIRE(succeeded(attach(attach_type::sk_skb_stream_parser)));
    CHECK(last_create.attach_type == 4);
    auto const untold = attach({}); // SEC("sk_skb")
    check_error(untold, EINVAL, bl::operation::link_create, bl::errc::invalid_argument,
                {subject + ":", "loaded for no attach type"});
}
