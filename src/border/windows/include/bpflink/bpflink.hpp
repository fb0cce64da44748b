// SPDX-License-Identifier: Apache-2.0
#pragma once

// Everything that Windows has: see docs/windows.md.

#include <bpflink/any_program.hpp>
#include <bpflink/attach_type.hpp>
#include <bpflink/config.hpp>
#include <bpflink/coro/await.hpp>
#include <bpflink/error.hpp>
#include <bpflink/fd.hpp>
#include <bpflink/hook/all.hpp>
#include <bpflink/hook/attach.hpp>
#include <bpflink/hook/raw.hpp>
#include <bpflink/hook/traits.hpp>
#include <bpflink/hook/xdp.hpp>
#include <bpflink/ids.hpp>
#include <bpflink/link.hpp>
#include <bpflink/link_info.hpp>
#include <bpflink/link_record.hpp>
#include <bpflink/link_traits.hpp>
#include <bpflink/link_type.hpp>
#include <bpflink/match.hpp>
#include <bpflink/operation.hpp>
#include <bpflink/operations.hpp>
#include <bpflink/place.hpp>
#include <bpflink/program.hpp>
#include <bpflink/program_info.hpp>
#include <bpflink/program_ref.hpp>
#include <bpflink/program_type.hpp>
#include <bpflink/try.hpp>
#include <bpflink/typed_link.hpp>
#include <bpflink/value_or_throw.hpp>
#include <bpflink/version.hpp>
#include <bpflink/views/adaptors.hpp>
#include <bpflink/views/infos.hpp>
#include <bpflink/views/link_ids.hpp>
#include <bpflink/views/links.hpp>
#include <bpflink/views/pins.hpp>
#include <bpflink/views/results.hpp>
#include <bpflink/views/snapshot.hpp>
