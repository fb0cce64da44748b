// SPDX-License-Identifier: Apache-2.0

// An ebpfapi.dll that is too old: it has one function of those that the border uses.

extern "C" __declspec(dllexport) int bpf_link_detach(int) {
    return 0;
}
