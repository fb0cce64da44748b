// SPDX-License-Identifier: Apache-2.0
#include "answer.skel.h"

#include <memory>

int main() {
    std::unique_ptr<answer_bpf, void (*)(answer_bpf*)> const opened{::answer_bpf__open(),
                                                                    ::answer_bpf__destroy};
    return opened && opened->data->answer == 42 + 4 ? 0 : 1;
}
