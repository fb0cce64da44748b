// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
#include "vmlinux.h"

unsigned answer = ANSWER + sizeof(struct answer_type);
