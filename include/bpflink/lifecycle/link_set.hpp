// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpflink/detail/filesystem_path.hpp>
#include <bpflink/detail/said_hook.hpp>
#include <bpflink/error.hpp>
#include <bpflink/fwd.hpp>
#include <bpflink/lifecycle/candidate.hpp>
#include <bpflink/lifecycle/ensure.hpp>
#include <bpflink/lifecycle/teardown.hpp>
#include <bpflink/link.hpp>

#include <cstddef>
#include <initializer_list>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bpflink {

namespace detail {
class set_work;
} // namespace detail

/// The step that a set takes for one name.
enum class step_kind {
    create,   ///< attaches: there is no link
    update,   ///< the link runs another program, or another candidate has the pin
    keep,     ///< nothing: the link runs this very program
    recreate, ///< the link has lost its place
    remove,   ///< a link in the directory that no member wants is torn down
    left_out, ///< the hook or its target is missing
};

/// The name as the enumerator spells it.
[[nodiscard]] std::string to_string(step_kind what);
/// Prints the name, as to_string.
std::ostream& operator<<(std::ostream& out, step_kind what);

/// One step of a set.
struct set_step {
    std::string name; ///< the member's; of a link that nobody wants, the text of its pin's name
    step_kind what;   ///< the step to take, or that was taken
    std::string why;  ///< in words; empty where there is nothing to say
};

/// "update ingress: link 12 runs program 7". Bytes that are not printable UTF-8 are escaped.
[[nodiscard]] std::string to_string(set_step const& step);
/// Prints it as to_string.
std::ostream& operator<<(std::ostream& out, set_step const& step);

/// The outcome of link_set::apply.
struct set_report {
    std::vector<set_step> steps; ///< of the members in their order, and then of what was removed
};

/// A member of a set.
class set_member {
public:
    /// As it was wanted.
    [[nodiscard]] std::string const& name() const noexcept { return name_; }
    /// The link; null before apply, after teardown, and where the member was left out. After an
    /// apply that failed, it is the link that is there, and null where apply did not come so far.
    /// Valid until the set is applied or torn down again.
    [[nodiscard]] bpflink::link const* link() const noexcept { return link_ ? &link_ : nullptr; }
    /// Why it was left out; else empty.
    [[nodiscard]] std::string const& why() const noexcept { return why_; }

private:
    friend class link_set;
    friend class detail::set_work;
    set_member(std::string name, std::vector<set_candidate> candidates, bool optional);

    std::string name_;
    std::vector<set_candidate> candidates_;
    bool is_optional_;
    bpflink::link link_;
    std::size_t made_by_ = 0; // the candidate that link_ is of
    bool is_adopted_ = false; // and that is not known yet
    std::string why_;
};

/// Links that are attached together and end together: pinned in a directory of their own, or open
/// as long as the set. State the wanted links first; `apply` makes it so, from any state.
///
/// Pinned, a member is at DIRECTORY/pin_name(NAME), and each member is to its pin what
/// ensure_attached is. The directory is the set's own: apply tears down every link that is pinned
/// in it, and that no member wants. Maps, programs, directories and symbolic links in it stay, and
/// so does everything elsewhere.
///
/// The set owns all that `want` is given: see `candidate`. A mistake there, such as a name that is
/// wanted twice (invalid_argument), is told by plan and apply.
///
/// The destructor closes: without a directory all members end, with one none does.
/// @threads one set is for one thread at a time
class link_set {
public:
    /// A set whose links live with the object: nothing is pinned.
    link_set() : link_set(ensure_options{}) {}
    /// The same.
    /// @param options  of ensure_attached, for each member
    explicit link_set(ensure_options options);

    /// A set that is pinned in a directory. If that is missing, apply makes it, with mode 0700.
    /// Changes nothing.
    /// @param directory  on a bpffs, and not its root; resolved once
    /// @param options    of ensure_attached, for each member
    /// @errors invalid_argument  the path is a bpffs's root, no directory, or not on a bpffs, where
    ///                           it is or would be made
    ///         and as link::pin has them of a path
    /// @cost 4 system calls; where it is missing 3, and 1 for each directory above that is too
    [[nodiscard]] static result<link_set> open(std::string_view directory,
                                               ensure_options options = {});
    /// The same with a std::filesystem::path.
    template <detail::filesystem_path Path>
    [[nodiscard]] static auto open(Path const& directory, ensure_options options = {}) {
        return open(detail::text_of(directory), options);
    }

    /// Takes over `other`, which wants nothing then.
    link_set(link_set&& other) noexcept;
    /// Takes over `other`, and closes the links that this one held.
    link_set& operator=(link_set&& other) noexcept;
    ~link_set();

    /// Wants a link, without which apply fails.
    /// @param name   unlike every other of the set
    /// @param what   a program, or a map of struct_ops; as `candidate`
    /// @param where  as `candidate`
    template <class What, class Hook>
    link_set& want(std::string_view name, What const& what, Hook const& where)
        requires requires { candidate(what, where); }
    {
        return add(name, {candidate(what, where)}, false);
    }
    /// Wants a link, and does without it where the hook or its target is missing: not_supported and
    /// not_found. All other failures are apply's.
    template <class What, class Hook>
    link_set& want_optional(std::string_view name, What const& what, Hook const& where)
        requires requires { candidate(what, where); }
    {
        return add(name, {candidate(what, where)}, true);
    }
    /// Wants the first of these that is not to be left out: not_supported and not_found. A link of
    /// another one that is at the pin is replaced.
    link_set& want_one_of(std::string_view name, std::initializer_list<set_candidate> candidates);
    /// The same.
    link_set& want_one_of(std::string_view name, std::vector<set_candidate> candidates);
    /// Wants each program of an object, by its own name, at the hook that its section's name says:
    /// see hook_of. Left alone are programs that libbpf would leave alone (autoload or autoattach
    /// is off), and those that no link is made of, as of SEC("syscall"). A section that does not
    /// say where, as SEC("xdp"), is a mistake. Maps of struct_ops are wanted one by one.
    /// @param object  loaded; borrowed until this returns
    link_set& want_all(::bpf_object const* object) { return want_each(object, {}); }
    /// The same, with what names do not say.
    /// @param object  as above
    /// @param hooks   a callback that gives a hook (any_hook, or one of the hooks), an optional or
    ///                a result of one; empty leaves the program alone. With (::bpf_program const*)
    ///                it is asked about programs whose section does not say where. With
    ///                (::bpf_program const*, result<any_hook> const&) it is asked about every
    ///                program that libbpf would attach, and is given the answer of hook_of. If
    ///                it throws, no program of the object is wanted
    template <class Hooks>
        requires detail::says_every_hook<Hooks> || detail::says_missing_hooks<Hooks>
    link_set& want_all(::bpf_object const* object, Hooks hooks) {
        return want_each(object, detail::hook_callback::of(hooks));
    }
    /// Gives a member a link that this process did not make, as from systemd's descriptor store. If
    /// it is at the member's place, and nothing is pinned under the name, apply goes on with it, as
    /// ensure_attached does with a descriptor. Of a set with a directory, a link elsewhere is
    /// closed when apply succeeds; else it is an error of apply. So is a link whose place nothing
    /// tells. teardown closes a link that no apply has judged.
    /// @param name       wanted already, and without a link; else it is a mistake
    /// @param handed_on  taken over; empty: does nothing
    link_set& adopt(std::string_view name, link handed_on);
    /// Apply fails, with not_supported, where fewer of these members are there in the end. More
    /// than there are names, one twice, or one of no member is invalid_argument.
    /// @param count  of them
    /// @param names  of optional members, which are wanted already or later
    link_set& at_least(std::size_t count, std::vector<std::string> names);

    /// Returns the steps that apply would take. Changes nothing, and takes no lock. Whether an
    /// interface is there is asked. Of other targets an attach shows it: for an optional member
    /// whose function is missing, this may say `create`. If ten single uprobes or more are to be in
    /// one file, the first of them says that they close slowly.
    /// @errors as apply, as far as looking tells
    /// @cost of each member those of ensure_attached that keeps, and 1; 3 more where a link is to
    ///       be made on an interface; of a directory 1 more, if it is there
    [[nodiscard]] result<std::vector<set_step>> plan() const;

    /// Makes it so, in the order of the wants. A failure, by an error or an exception, leaves
    /// nothing behind. In reverse, new links and their pins go, and updated ones are set back. The
    /// error names the member. When all are well the replaced links end, side by side where that is
    /// faster. Then those end that no member wants.
    ///
    /// A second call keeps everything. If somebody removed the pin of a link that a member holds,
    /// the link stays, and is pinned again. Where a place takes one link, and one that no member
    /// wants has it, its pin is renamed: the member had another name. Without wants no directory is
    /// made. Killed anywhere, the next one makes it so.
    ///
    /// A replaced or removed link that does not end (still_held) is an error after the fact. It
    /// says that all members are as wanted. When undoing, a link of netfilter, of freplace or of
    /// struct_ops that had to be made anew has another id than before.
    /// @errors not_a_link  a symbolic link has the name of a member's pin
    ///         and as ensure_attached, for a member that is named; as teardown, for a link that is
    ///         not wanted; and of a directory's lock
    /// @cost of each member those of ensure_attached, and 8; of a directory 6 more
    [[nodiscard]] result<set_report> apply();

    /// Ends all links in reverse order, verified, as `teardown` of each; of a directory every link
    /// that is pinned in it, those of members first. The directory and the wants stay. On an error
    /// it goes on with the others, and gives the first.
    /// @errors as teardown; the member is named
    /// @cost as teardown, for each
    [[nodiscard]] result<std::vector<teardown_report>> teardown();

    /// How many members are wanted.
    [[nodiscard]] std::size_t size() const noexcept;
    /// The first member, in the order of the wants.
    [[nodiscard]] set_member const* begin() const noexcept;
    /// The end of the members.
    [[nodiscard]] set_member const* end() const noexcept;
    /// The member of a name, or null. Valid until another is wanted.
    [[nodiscard]] set_member const* find(std::string_view name) const noexcept;

private:
    friend class detail::set_work;
    link_set& add(std::string_view name, std::vector<set_candidate> candidates, bool optional);
    link_set& want_each(::bpf_object const* object, detail::hook_callback const& hooks);

    struct quorum {
        std::size_t count;
        std::vector<std::string> names;
    };

    std::string directory_; // resolved; empty: nothing is pinned
    ensure_options options_;
    std::vector<set_member> members_;
    std::vector<quorum> quorums_;
    std::optional<error> failed_; // the first mistake of the wants
};

} // namespace bpflink
