// SPDX-License-Identifier: Apache-2.0
// A library with two versions of `both`, the older one hidden, and with `gone`, which is hidden
// only.
extern "C" {
int old_one() {
    return 1;
}
int new_one() {
    return 2;
}
int gone_one() {
    return 3;
}
__attribute__((weak)) int weak_one() {
    return 4;
}
}
__asm__(".symver old_one, both@ONE");
__asm__(".symver new_one, both@@TWO");
__asm__(".symver gone_one, gone@ONE");
