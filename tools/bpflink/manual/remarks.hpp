// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace tool {

// The texts about the program, and not about one of its commands, for --help and the man page.

/// An exit status and its meaning.
struct exit_status {
    int status;
    char const* when;
};
inline constexpr exit_status exit_statuses[]{
    {0, "if all went well"},
    {1, "if something failed"},
    {2, "if the command line is wrong"},
    {3, "if nothing matches (list --exit-code only)"},
};

inline constexpr auto remarks =
    "With --json, a command that fails prints the empty list, and show prints null. top and watch\n"
    "print nothing then. Most commands need root: CAP_SYS_ADMIN to find links by id.";

inline constexpr auto examples = //
    "  bpflink list                          every link in the kernel\n"
    "  bpflink list --type xdp --json        those of XDP, as JSON\n"
    "  bpflink list --pinned                 those with a name on a bpffs\n"
    "  bpflink show 17                       link 17, and where it is pinned\n"
    "  bpflink on eth0                       what runs there, in order\n"
    "  bpflink pin 17 /sys/fs/bpf/eth0_xdp   keep it when its owner exits\n"
    "  bpflink unpin /sys/fs/bpf/eth0_xdp    no longer\n"
    "  bpflink detach 17                     take its program off the hook";

/// Something that the program reads, by its name, and the use that it makes of it.
struct dependence {
    char const* name;
    char const* text;
};
inline constexpr dependence environment[]{
    {"NO_COLOR", "If it is not empty, output has no colours."},
    {"COLUMNS", "The width of tables and of --help where output does not go to a terminal."},
    {"BPFLINK_PAGER, PAGER",
     "The program that shows a listing longer than the terminal; less(1), if neither is set. "
     "If it is empty, nothing is paged."},
    {"LESS", "Options of less(1); FRX, if it is not set."},
    {"TERM", "A terminal that is dumb gets no colours, and top does not clear it."},
};
inline constexpr dependence files[]{
    {"/sys/fs/bpf", "The usual bpffs. Pins are looked for on each bpffs that is mounted here."},
    {"/run/netns", "The names of network namespaces, as ip-netns(8) gives them."},
    {"/proc/kallsyms", "The names of functions that links are on."},
    {"/sys/kernel/tracing", "The names of tracepoints; /sys/kernel/debug/tracing on old kernels."},
};

} // namespace tool
