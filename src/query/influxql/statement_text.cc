// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/ast_text.h"
#include "query/influxql/duration.h"
#include "query/influxql/text_writer.h"

namespace varve::influxql {

void TextWriter::put_key(const TagKeyFilter& key) {
  using Comparison = TagKeyFilter::Comparison;
  put(" WITH KEY ");
  switch (key.comparison) {
    case Comparison::kEqual: put("= "); break;
    case Comparison::kNotEqual: put("!= "); break;
    case Comparison::kMatch: put("=~ "); break;
    case Comparison::kNotMatch: put("!~ "); break;
    case Comparison::kIn: put("IN ("); break;
  }
  for (size_t i = 0; i < key.keys.size(); ++i) {
    if (i > 0) put(", ");
    put_name(key.keys[i]);
  }
  if (key.comparison == Comparison::kIn) put(")");
  if (key.comparison == Comparison::kMatch || key.comparison == Comparison::kNotMatch) {
    put_regex(key.regex);
  }
}

struct StatementText {
  TextWriter& out;

  // ---- Reading ----

  void operator()(const SelectStatement& s) const { out.write(s); }
  void operator()(const ExplainStatement& s) const {
    out.put("EXPLAIN ");
    if (s.analyze) out.put("ANALYZE ");
    if (s.verbose) out.put("VERBOSE ");
    out.write(s.select);
  }
  void operator()(const ShowDatabasesStatement&) const { out.put("SHOW DATABASES"); }
  void operator()(const ShowRetentionPoliciesStatement& s) const {
    out.put("SHOW RETENTION POLICIES");
    out.put_database(s.database);
  }
  void operator()(const ShowMeasurementsStatement& s) const {
    out.put("SHOW MEASUREMENTS");
    if (s.any_database) out.put(" ON *");
    out.put_database(s.database);
    if (s.any_policy) out.put(".*");
    if (!s.policy.empty()) {
      out.put(".");
      out.put_name(s.policy);
    }
    if (s.measurement) {
      out.put(s.measurement->regex ? " WITH MEASUREMENT =~ " : " WITH MEASUREMENT = ");
      out.write(*s.measurement);
    }
    out.put_condition(s.condition);
    put_page(s);
  }
  void operator()(const ShowSeriesStatement& s) const {
    out.put("SHOW SERIES");
    out.put_database(s.database);
    out.put_sources(s.sources);
    out.put_condition(s.condition);
    put_page(s);
  }
  void operator()(const ShowTagKeysStatement& s) const {
    out.put("SHOW TAG KEYS");
    out.put_database(s.database);
    out.put_sources(s.sources);
    if (s.key) out.put_key(*s.key);
    out.put_condition(s.condition);
    put_page(s);
    out.put_count(" SLIMIT ", s.series_limit);
    out.put_count(" SOFFSET ", s.series_offset);
  }
  void operator()(const ShowTagValuesStatement& s) const {
    out.put("SHOW TAG VALUES");
    out.put_database(s.database);
    out.put_sources(s.sources);
    out.put_key(s.key);
    out.put_condition(s.condition);
    put_page(s);
  }
  void operator()(const ShowFieldKeysStatement& s) const {
    out.put("SHOW FIELD KEYS");
    out.put_database(s.database);
    out.put_sources(s.sources);
    put_page(s);
  }
  void operator()(const ShowCardinalityStatement& s) const {
    using Subject = ShowCardinalityStatement::Subject;
    switch (s.subject) {
      case Subject::kSeries: out.put("SHOW SERIES"); break;
      case Subject::kMeasurements: out.put("SHOW MEASUREMENT"); break;
      case Subject::kTagKeys: out.put("SHOW TAG KEY"); break;
      case Subject::kTagValues: out.put("SHOW TAG VALUES"); break;
      case Subject::kFieldKeys: out.put("SHOW FIELD KEY"); break;
    }
    out.put(s.is_exact ? " EXACT CARDINALITY" : " CARDINALITY");
    out.put_database(s.database);
    out.put_sources(s.sources);
    if (s.key) out.put_key(*s.key);
    out.put_condition(s.condition);
    out.put_dimensions(s.dimensions);
    out.put_count(" LIMIT ", s.limit);
    out.put_count(" OFFSET ", s.offset);
  }
  void operator()(const ShowContinuousQueriesStatement&) const {
    out.put("SHOW CONTINUOUS QUERIES");
  }
  void operator()(const ShowMaterializedViewsStatement& s) const {
    out.put("SHOW MATERIALIZED VIEWS");
    out.put_database(s.database);
  }
  void operator()(const ShowUsersStatement&) const { out.put("SHOW USERS"); }
  void operator()(const ShowGrantsStatement& s) const { put_named("SHOW GRANTS FOR ", s.user); }
  void operator()(const ShowQueriesStatement&) const { out.put("SHOW QUERIES"); }
  void operator()(const ShowShardsStatement&) const { out.put("SHOW SHARDS"); }
  void operator()(const ShowShardGroupsStatement&) const { out.put("SHOW SHARD GROUPS"); }
  void operator()(const ShowSubscriptionsStatement&) const { out.put("SHOW SUBSCRIPTIONS"); }
  void operator()(const ShowStatsStatement& s) const { put_module("SHOW STATS", s.module); }
  void operator()(const ShowDiagnosticsStatement& s) const {
    put_module("SHOW DIAGNOSTICS", s.module);
  }

  // ---- Databases and policies ----

  void operator()(const CreateDatabaseStatement& s) const {
    put_named("CREATE DATABASE ", s.name);
    if (!s.has_policy) return;
    out.put(" WITH");
    if (s.duration_ns) out.put(" DURATION " + format_clock_duration(*s.duration_ns));
    if (s.replication) out.put(" REPLICATION " + std::to_string(*s.replication));
    if (s.shard_duration_ns > 0) {
      out.put(" SHARD DURATION " + format_clock_duration(s.shard_duration_ns));
    }
    put_limit(" FUTURE LIMIT ", s.future_limit_ns);
    put_limit(" PAST LIMIT ", s.past_limit_ns);
    if (!s.policy_name.empty()) put_named(" NAME ", s.policy_name);
  }
  void operator()(const DropDatabaseStatement& s) const { put_named("DROP DATABASE ", s.name); }
  void operator()(const CreateRetentionPolicyStatement& s) const {
    put_on("CREATE RETENTION POLICY ", s.name, s.database);
    out.put_duration(" DURATION ", s.duration_ns);
    out.put(" REPLICATION " + std::to_string(s.replication));
    if (s.shard_duration_ns > 0) out.put_duration(" SHARD DURATION ", s.shard_duration_ns);
    if (s.is_default) out.put(" DEFAULT");
    put_limit(" FUTURE LIMIT ", s.future_limit_ns);
    put_limit(" PAST LIMIT ", s.past_limit_ns);
  }
  void operator()(const AlterRetentionPolicyStatement& s) const {
    put_on("ALTER RETENTION POLICY ", s.name, s.database);
    if (s.duration_ns) out.put_duration(" DURATION ", *s.duration_ns);
    if (s.replication) out.put(" REPLICATION " + std::to_string(*s.replication));
    if (s.shard_duration_ns) out.put_duration(" SHARD DURATION ", *s.shard_duration_ns);
    if (s.is_default) out.put(" DEFAULT");
    put_limit(" FUTURE LIMIT ", s.future_limit_ns);
    put_limit(" PAST LIMIT ", s.past_limit_ns);
  }
  void operator()(const DropRetentionPolicyStatement& s) const {
    put_on("DROP RETENTION POLICY ", s.name, s.database);
  }

  // ---- Removing data ----

  void operator()(const DeleteStatement& s) const {
    out.put("DELETE");
    out.put_sources(s.sources);
    out.put_condition(s.condition);
  }
  void operator()(const DropSeriesStatement& s) const {
    out.put("DROP SERIES");
    out.put_sources(s.sources);
    out.put_condition(s.condition);
  }
  void operator()(const DropMeasurementStatement& s) const {
    put_named("DROP MEASUREMENT ", s.name);
  }
  void operator()(const DropShardStatement& s) const {
    out.put("DROP SHARD " + std::to_string(s.id));
  }

  // ---- Standing work ----

  void operator()(const CreateContinuousQueryStatement& s) const {
    put_on("CREATE CONTINUOUS QUERY ", s.name, s.database);
    if (s.resample_every_ns > 0 || s.resample_for_ns > 0) out.put(" RESAMPLE");
    if (s.resample_every_ns > 0) out.put_duration(" EVERY ", s.resample_every_ns);
    if (s.resample_for_ns > 0) out.put_duration(" FOR ", s.resample_for_ns);
    out.put(" BEGIN ");
    out.write(s.select);
    out.put(" END");
  }
  void operator()(const DropContinuousQueryStatement& s) const {
    put_on("DROP CONTINUOUS QUERY ", s.name, s.database);
  }
  void operator()(const CreateMaterializedViewStatement& s) const {
    put_on("CREATE MATERIALIZED VIEW ", s.name, s.database);
    if (!s.backfill) out.put(" WITH NO BACKFILL");
    out.put(" AS ");
    out.write(s.select);
  }
  void operator()(const DropMaterializedViewStatement& s) const {
    put_named("DROP MATERIALIZED VIEW ", s.name);
    out.put_database(s.database);
  }
  void operator()(const CreateSubscriptionStatement& s) const {
    put_on("CREATE SUBSCRIPTION ", s.name, s.database);
    put_named(".", s.policy);
    out.put(" DESTINATIONS " + s.mode);
    for (size_t i = 0; i < s.destinations.size(); ++i) {
      out.put(i == 0 ? " " : ", ");
      out.put(quote_string(s.destinations[i]));
    }
  }
  void operator()(const DropSubscriptionStatement& s) const {
    put_on("DROP SUBSCRIPTION ", s.name, s.database);
    put_named(".", s.policy);
  }
  void operator()(const KillQueryStatement& s) const {
    out.put("KILL QUERY " + std::to_string(s.id));
    out.put_database(s.host);
  }

  // ---- Users ----

  void operator()(const CreateUserStatement& s) const {
    put_named("CREATE USER ", s.name);
    out.put(" WITH PASSWORD [REDACTED]");
    if (s.is_admin) out.put(" WITH ALL PRIVILEGES");
  }
  void operator()(const DropUserStatement& s) const { put_named("DROP USER ", s.name); }
  void operator()(const SetPasswordStatement& s) const {
    put_named("SET PASSWORD FOR ", s.user);
    out.put(" = [REDACTED]");
  }
  void operator()(const GrantStatement& s) const {
    out.put("GRANT ");
    out.put(to_string(s.privilege));
    put_named(" ON ", s.database);
    put_named(" TO ", s.user);
  }
  void operator()(const GrantAdminStatement& s) const {
    put_named("GRANT ALL PRIVILEGES TO ", s.user);
  }
  void operator()(const RevokeStatement& s) const {
    out.put("REVOKE ");
    out.put(to_string(s.privilege));
    put_named(" ON ", s.database);
    put_named(" FROM ", s.user);
  }
  void operator()(const RevokeAdminStatement& s) const {
    put_named("REVOKE ALL PRIVILEGES FROM ", s.user);
  }

 private:
  template <class Listing>
  void put_page(const Listing& s) const {
    out.put_sort(s.sort);
    out.put_count(" LIMIT ", s.limit);
    out.put_count(" OFFSET ", s.offset);
  }
  void put_named(std::string_view words, std::string_view name) const {
    out.put(words);
    out.put_name(name);
  }
  void put_on(std::string_view words, std::string_view name, std::string_view database) const {
    put_named(words, name);
    put_named(" ON ", database);
  }
  void put_module(std::string_view words, std::string_view module) const {
    out.put(words);
    if (module.empty()) return;
    out.put(" FOR ");
    out.put(quote_string(module));
  }
  void put_limit(std::string_view words, std::optional<int64_t> limit_ns) const {
    if (limit_ns.value_or(0) > 0) out.put_duration(words, *limit_ns);
  }
};

void TextWriter::write(const Statement& statement) { std::visit(StatementText{*this}, statement); }

}  // namespace varve::influxql
