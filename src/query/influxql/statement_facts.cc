// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/statement_facts.h"

#include <re2/re2.h>

#include <type_traits>

#include "query/influxql/ast_text.h"

namespace varve::influxql {
namespace {

using Privileges = std::vector<RequiredPrivilege>;

Privileges administrator() { return {{true, "", Privilege::kAll}}; }
Privileges on(const std::string& database, Privilege privilege) {
  return {{false, database, privilege}};
}

void append_sources(const std::vector<Source>& sources, Privileges& needed);

void append_select(const SelectStatement& select, Privileges& needed) {
  append_sources(select.sources, needed);
  if (select.target) {
    needed.push_back({false, select.target->measurement.database, Privilege::kWrite});
  }
}

void append_sources(const std::vector<Source>& sources, Privileges& needed) {
  for (const Source& source : sources) {
    if (const auto* subquery = std::get_if<SubQuery>(&source)) {
      append_select(*subquery->statement, needed);
    } else {
      needed.push_back({false, std::get<Measurement>(source).database, Privilege::kRead});
    }
  }
}

/// Only for databases that stand in the sources.
void append_named_databases(const std::vector<Source>& sources, Privileges& needed) {
  Privileges all;
  append_sources(sources, all);
  for (RequiredPrivilege& source : all) {
    if (!source.database.empty()) needed.push_back(std::move(source));
  }
}

// Source: InfluxDB 1.8, "Authentication and authorization". Whatever is not listed here needs an
// administrator.
struct PrivilegesOf {
  Privileges operator()(const SelectStatement& s) const {
    Privileges needed;
    append_select(s, needed);
    return needed;
  }
  Privileges operator()(const ExplainStatement& s) const { return (*this)(s.select); }
  Privileges operator()(const DeleteStatement&) const { return on("", Privilege::kWrite); }
  Privileges operator()(const DropSeriesStatement&) const { return on("", Privilege::kWrite); }
  // Everyone may ask; the answer shows what the user may see.
  Privileges operator()(const ShowDatabasesStatement&) const { return on("", Privilege::kNone); }
  Privileges operator()(const ShowRetentionPoliciesStatement& s) const { return read(s); }
  Privileges operator()(const ShowMeasurementsStatement& s) const { return read(s); }
  Privileges operator()(const ShowSeriesStatement& s) const { return read_sources(s); }
  Privileges operator()(const ShowTagKeysStatement& s) const { return read_sources(s); }
  Privileges operator()(const ShowTagValuesStatement& s) const { return read_sources(s); }
  Privileges operator()(const ShowFieldKeysStatement& s) const { return read_sources(s); }
  Privileges operator()(const ShowCardinalityStatement& s) const {
    // Never less than reading the database that is counted.
    Privileges needed = read(s);
    append_sources(s.sources, needed);
    return needed;
  }
  Privileges operator()(const ShowContinuousQueriesStatement&) const {
    return on("", Privilege::kRead);
  }
  Privileges operator()(const ShowMaterializedViewsStatement& s) const { return read(s); }
  Privileges operator()(const ShowQueriesStatement&) const { return on("", Privilege::kRead); }
  Privileges operator()(const DropRetentionPolicyStatement& s) const { return write(s); }
  Privileges operator()(const CreateContinuousQueryStatement& s) const {
    return standing(s.database, s.select);
  }
  Privileges operator()(const DropContinuousQueryStatement& s) const { return write(s); }
  Privileges operator()(const CreateMaterializedViewStatement& s) const {
    return standing(s.database, s.select);
  }
  Privileges operator()(const DropMaterializedViewStatement& s) const { return write(s); }
  template <class Other>
  Privileges operator()(const Other&) const { return administrator(); }

 private:
  template <class S>
  static Privileges read(const S& s) { return on(s.database, Privilege::kRead); }
  template <class S>
  static Privileges write(const S& s) { return on(s.database, Privilege::kWrite); }
  // More than InfluxDB asks: FROM may name a database that ON does not.
  template <class S>
  static Privileges read_sources(const S& s) {
    Privileges needed = read(s);
    append_named_databases(s.sources, needed);
    return needed;
  }
  static Privileges standing(const std::string& database, const SelectStatement& select) {
    Privileges needed = on(database, Privilege::kRead);
    const std::string& target = select.target ? select.target->measurement.database : "";
    if (!target.empty()) needed.push_back({false, target, Privilege::kWrite});
    // More than InfluxDB asks: who may not read another database must not have it read for them.
    append_named_databases(select.sources, needed);
    return needed;
  }
};

template <class T, class... Ts>
constexpr bool kIsOneOf = (std::is_same_v<T, Ts> || ...);

struct ChangesState {
  bool operator()(const SelectStatement& s) const { return s.target.has_value(); }
  template <class S>
  bool operator()(const S&) const {
    return !kIsOneOf<
        S, ExplainStatement, ShowDatabasesStatement, ShowRetentionPoliciesStatement,
        ShowMeasurementsStatement, ShowSeriesStatement, ShowTagKeysStatement,
        ShowTagValuesStatement, ShowFieldKeysStatement, ShowCardinalityStatement,
        ShowContinuousQueriesStatement, ShowMaterializedViewsStatement, ShowUsersStatement,
        ShowGrantsStatement, ShowQueriesStatement, ShowShardsStatement, ShowShardGroupsStatement,
        ShowSubscriptionsStatement, ShowStatsStatement, ShowDiagnosticsStatement>;
  }
};

struct DatabaseOf {
  template <class S>
  std::string_view operator()(const S& s) const {
    if constexpr (requires { s.database; }) {
      return s.database;
    } else {
      return {};
    }
  }
};

}  // namespace

std::vector<RequiredPrivilege> required_privileges(const Statement& statement) {
  return std::visit(PrivilegesOf{}, statement);
}

std::string_view default_database(const Statement& statement) {
  return std::visit(DatabaseOf{}, statement);
}

bool changes_state(const Statement& statement) { return std::visit(ChangesState{}, statement); }

std::optional<std::string> read_only_warning(const Statement& statement) {
  if (!changes_state(statement) || std::holds_alternative<DeleteStatement>(statement)) {
    return std::nullopt;
  }
  return "deprecated use of '" + to_string(statement) +
         "' in a read only context, please use a POST request instead";
}

std::string redact_passwords(std::string_view text) {
  // A quoted password goes as a whole, also one that is never closed; else one word.
  constexpr std::string_view kPassword =
      R"re((?:'(?:[^'\\]|\\.)*'?|"(?:[^"\\]|\\.)*"?|[^\s'";]+))re";
  static const RE2 kSetPassword(R"re((?is)(password\s+for[^=;]*=\s*))re" + std::string(kPassword));
  static const RE2 kCreateUser(R"re((?is)(with\s+password\s+))re" + std::string(kPassword));
  std::string redacted(text);
  RE2::GlobalReplace(&redacted, kSetPassword, "\\1[REDACTED]");
  RE2::GlobalReplace(&redacted, kCreateUser, "\\1[REDACTED]");
  return redacted;
}

}  // namespace varve::influxql
