// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace bpflink::detail {

class look;

/// Something that lasts as long as anybody looks at it: the base of a view's walk, at which its
/// iterators look.
class looked_at {
public:
    looked_at(looked_at const&) = delete;
    looked_at& operator=(looked_at const&) = delete;

protected:
    looked_at() noexcept = default;
    virtual ~looked_at() = default;

    /// Those who look see nothing from now on: to be called before it goes.
    void forget_looks() noexcept;

private:
    friend look;
    virtual void nobody_looks() noexcept = 0; // the last look has gone

    look* first_ = nullptr;
};

/// One look. A copy is another one. Either end may go first: the thing looked at knows its looks.
class look {
public:
    look() noexcept = default;
    explicit look(looked_at& at) noexcept { enter(&at); }
    look(look const& other) noexcept { enter(other.at_); }
    look(look&& other) noexcept {
        enter(other.at_);
        other.leave();
    }
    // By value: a look of its own, even at what it looks at already, until this one is there.
    look& operator=(look other) noexcept {
        leave();
        enter(other.at_);
        return *this;
    }
    ~look() { leave(); }

    /// A null pointer where there is nothing to see.
    [[nodiscard]] looked_at* at() const noexcept { return at_; }
    friend bool operator==(look const& a, look const& b) noexcept { return a.at_ == b.at_; }

private:
    friend looked_at;
    void enter(looked_at* at) noexcept;
    void leave() noexcept;

    looked_at* at_ = nullptr;
    look* next_ = nullptr;
};

} // namespace bpflink::detail
