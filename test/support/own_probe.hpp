// SPDX-License-Identifier: Apache-2.0
#pragma once

/// A USDT probe here, by a note as <sys/sdt.h> writes it; that header would be one more dependency.
/// All but the inputs are texts.
/// @param semaphore  its symbol, or "0"
/// @param arguments  as the note has them; in them, % is %%
/// @param ...        inputs of the assembly, which bring the arguments where they are said to be
#define OWN_PROBE(provider, name, semaphore, arguments, ...)                                       \
    __asm__ volatile("990: nop\n"                                                                  \
                     ".pushsection .note.stapsdt, \"\", \"note\"\n"                                \
                     ".balign 4\n"                                                                 \
                     ".4byte 992f - 991f, 994f - 993f, 3\n"                                        \
                     "991: .asciz \"stapsdt\"\n"                                                   \
                     "992: .balign 4\n"                                                            \
                     "993: .8byte 990b, _.stapsdt.base, " semaphore "\n"                           \
                     ".asciz \"" provider "\", \"" name "\", \"" arguments "\"\n"                  \
                     "994: .balign 4\n"                                                            \
                     ".popsection\n"                                                               \
                     ".ifndef _.stapsdt.base\n"                                                    \
                     ".pushsection .stapsdt.base, \"aG\", \"progbits\", .stapsdt.base, comdat\n"   \
                     ".weak _.stapsdt.base\n"                                                      \
                     ".hidden _.stapsdt.base\n"                                                    \
                     "_.stapsdt.base: .space 1\n"                                                  \
                     ".popsection\n"                                                               \
                     ".endif\n" ::__VA_ARGS__)
