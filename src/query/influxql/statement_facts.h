// SPDX-License-Identifier: Apache-2.0
// What a door has to know of a statement before it runs: whom it is allowed to, which database it
// means, whether it changes anything.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "query/influxql/ast.h"

namespace varve::influxql {

struct RequiredPrivilege {
  bool is_admin = false;  ///< An administrator only; the rest is then empty and kAll.
  std::string database;   ///< Empty: the request's.
  Privilege privilege = Privilege::kNone;
  friend bool operator==(const RequiredPrivilege&, const RequiredPrivilege&) = default;
};

/// All of these are needed.
std::vector<RequiredPrivilege> required_privileges(const Statement& statement);

/// The database that the statement names with ON, else empty: the request's.
std::string_view default_database(const Statement& statement);

/// True for everything that writes, removes or defines something: not for SELECT without INTO,
/// EXPLAIN and SHOW. KILL QUERY counts.
bool changes_state(const Statement& statement);

/// The warning for a statement that came over GET though it changes state; nothing for others, and
/// as in InfluxDB nothing for DELETE. Give a SELECT INTO with its sources already qualified.
std::optional<std::string> read_only_warning(const Statement& statement);

/// The text of a query with what looks like a password replaced by [REDACTED]; works on text that
/// does not parse, too. For logs.
std::string redact_passwords(std::string_view text);

}  // namespace varve::influxql
