// SPDX-License-Identifier: Apache-2.0
#define DOCTEST_CONFIG_IMPLEMENT
#include "kernel_case.hpp"
#include "kernel_log.hpp"
#include "loaded.hpp"
#include "sandbox.hpp"

#include <bpflink/hook/attach.hpp>
#include <bpflink/hook/xdp.hpp>
#include <bpflink/lifecycle/holders.hpp>
#include <bpflink/views/link_ids.hpp>
#include <bpflink/views/snapshot.hpp>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <system_error>

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bl = bpflink;

namespace {

unsigned cases_run = 0;
unsigned cases_skipped = 0;

class counter : public doctest::IReporter {
public:
    explicit counter(doctest::ContextOptions const&) {}

    void test_case_start(doctest::TestCaseData const& in) override {
        watched_before_ = kernel_case::watched();
        name_ = in.m_name;
        file_ = in.m_file.c_str();
    }
    void test_case_end(doctest::CurrentTestCaseStats const&) override {
        ++cases_run;
        if (take_skipped()) ++cases_skipped;
        if (kernel_case::watched() == watched_before_) {
            std::fprintf(stderr, "%s: \"%s\" is no TEST_CASE_FIXTURE(kernel_case, ...)\n",
                         file_.c_str(), name_.c_str());
            std::abort();
        }
    }

    void report_query(doctest::QueryData const&) override {}
    void test_run_start() override {}
    void test_run_end(doctest::TestRunStats const&) override {}
    void test_case_reenter(doctest::TestCaseData const&) override {}
    void test_case_exception(doctest::TestCaseException const&) override {}
    void subcase_start(doctest::SubcaseSignature const&) override {}
    void subcase_end() override {}
    void log_assert(doctest::AssertData const&) override {}
    void log_message(doctest::MessageData const&) override {}
    void test_case_skipped(doctest::TestCaseData const&) override {}

private:
    unsigned watched_before_ = 0;
    std::string name_;
    std::string file_;
};
REGISTER_LISTENER("counter", 1, counter);

/// Mounts a file system, in the process's own mount namespace.
void mount(char const* type, char const* place) {
    ::mkdir(place, 0755);
    if (::mount(type, place, type, 0, nullptr) < 0)
        throw std::system_error{errno, std::generic_category(),
                                std::string{"mounting "} + type + " on " + place};
}

void prepare() {
    sandbox::enter_private_mounts();
    // Not there in a bare initramfs.
    if (::access("/proc/self", F_OK) < 0) mount("proc", "/proc");
    if (::access("/sys/kernel", F_OK) < 0) mount("sysfs", "/sys");
    // Even a crash leaves no directory behind.
    ::unsetenv("TMPDIR");
    mount("tmpfs", "/tmp");
    sandbox::cgroup const first; // where cgroup2 is not mounted, this mounts it
}

/// Loads what the process keeps for all of its snapshots: no leak of the first case to take one.
void load_what_stays() {
    static_cast<void>(bl::snapshot());
    static_cast<void>(bl::infos_at_once());
    static_cast<void>(bl::holders());
    // A walk loads more when it meets a link in a network namespace.
    sandbox::network const net;
    constant_program<bl::program_type::xdp> const prog{0};
    auto const l =
        bl::attach(prog, bl::hook::xdp{.ifindex = net.loopback(), .mode = bl::xdp_mode::generic});
    static_cast<void>(bl::snapshotter{bl::snapshot_source::walk}.take());
}

/// Empty when the process may do what the tests do.
std::string missing() {
    if (::geteuid() != 0) return "attaching BPF programs needs root";
    for (auto&& id : bl::link_ids()) {
        if (!id) return id.error().message();
        break;
    }
    return {};
}

int complain(std::string const& what) {
    std::fprintf(stderr, "bpflink-kernel-tests: %s\n", what.c_str());
    return EXIT_FAILURE;
}

} // namespace

int main(int argc, char** argv) {
    if (auto const what = missing(); !what.empty()) return complain(what);
    try {
        prepare();
    } catch (std::exception const& e) {
        return complain(e.what());
    }
    try {
        load_what_stays();
    } catch (std::exception const& e) {
        return complain(e.what());
    }
    remember_as_found();
    kernel_log log;

    doctest::Context context{argc, argv};
    int const outcome = context.run();
    if (context.shouldExit()) return outcome; // it only listed something
    std::printf("%u cases ran, %u of them skipped\n", cases_run, cases_skipped);
    for (auto const& what : leftovers())
        return complain("left behind: " + what);
    for (auto const& what : log.faults())
        return complain("the kernel complained: " + what);
    if (cases_run == 0) return complain("no case ran");
    if (cases_run == cases_skipped) return complain("every case was skipped");
    return outcome;
}
