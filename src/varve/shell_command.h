// SPDX-License-Identifier: Apache-2.0
// `varve query` without a text: a shell at a terminal, else statements from standard input.
#pragma once

#include "varve/command_line.h"

namespace varve {

/// Gives the exit status: 1 when a statement from a pipe failed, or nothing could begin.
int run_shell(const QueryArguments& arguments);

}  // namespace varve
