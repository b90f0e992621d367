// SPDX-License-Identifier: Apache-2.0
#include "serve/admin/line_export.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "codec/line/line_writer.h"
#include "query/influxql/ast_text.h"

namespace varve::admin {
namespace {

constexpr size_t kPieceBytes = 64 * 1024;

/// What is exported of one database.
struct ExportedDatabase {
  DatabaseRef database;
  std::vector<PolicyRef> policies;
};

tl::unexpected<Error> not_found(std::string why) {
  return fail(ErrorCode::kNotFound, std::move(why));
}

Result<std::vector<ExportedDatabase>> find_all(const CatalogSnapshot& snapshot,
                                               const ExportQuestion& question) {
  if (!question.database.empty() && !snapshot.database(question.database)) {
    return not_found("database not found: \"" + question.database + "\"");
  }
  std::vector<ExportedDatabase> found;
  bool has_policy = false;
  bool has_table = false;
  for (const auto& [name, database] : snapshot.databases) {
    if (!question.database.empty() && name != question.database) continue;
    ExportedDatabase exported{.database = database, .policies = {}};
    for (const PolicyRef& policy : database->policies) {
      if (!question.policy.empty() && policy->name != question.policy) continue;
      has_policy = true;
      if (!question.table.empty() && !policy->table(question.table)) continue;
      has_table = true;
      exported.policies.push_back(policy);
    }
    const bool is_asked_for = question.policy.empty() && question.table.empty();
    if (is_asked_for || !exported.policies.empty()) found.push_back(std::move(exported));
  }
  if (!question.policy.empty() && !has_policy) {
    return not_found("retention policy not found: " + question.policy);
  }
  if (!question.table.empty() && !has_table) {
    return not_found("measurement not found: \"" + question.table + "\"");
  }
  return found;
}

std::optional<int64_t> unless_zero(int64_t duration_ns) {
  return duration_ns == 0 ? std::nullopt : std::optional(duration_ns);
}

/// Statements that make the database and its policies.
std::string definitions_of(const ExportedDatabase& exported) {
  const Database& database = *exported.database;
  influxql::CreateDatabaseStatement made{.name = database.name};
  std::string others;
  for (const PolicyRef& policy : exported.policies) {
    if (policy->name == database.default_policy) {
      made.has_policy = true;
      made.duration_ns = unless_zero(policy->duration_ns);
      made.replication = policy->replica_count;
      made.shard_duration_ns = policy->segment_duration_ns;
      made.policy_name = policy->name;
    } else {
      others += to_string(influxql::Statement(influxql::CreateRetentionPolicyStatement{
                    .name = policy->name,
                    .database = database.name,
                    .duration_ns = policy->duration_ns,
                    .replication = policy->replica_count,
                    .shard_duration_ns = policy->segment_duration_ns})) +
                "\n";
    }
  }
  return to_string(influxql::Statement(std::move(made))) + "\n" + others;
}

class LineExport {
 public:
  LineExport(const ExportParts& parts, const ExportQuestion& question, CancelFlag gone,
             ByteSink& out)
      : parts_(parts), question_(question), gone_(std::move(gone)), out_(out) {}

  Result<ExportFigures> run() {
    const auto all = TRY(find_all(*parts_.catalog.snapshot(), question_));
    text_ = "# DDL\n";
    for (const auto& one : all) text_ += definitions_of(one);
    text_ += "# DML\n";
    for (const auto& one : all) {
      for (const PolicyRef& policy : one.policies) {
        text_ += "# CONTEXT-DATABASE:" + one.database->name + "\n";
        text_ += "# CONTEXT-RETENTION-POLICY:" + policy->name + "\n";
        TRY_VOID(export_policy(one.database->name, *policy));
      }
    }
    text_ += "# EXPORTED rows=" + std::to_string(figures_.rows) +
             " left_out=" + std::to_string(figures_.cells_left_out) + "\n";
    TRY_VOID(out_.write(text_));
    return figures_;
  }

 private:
  /// Where a table is.
  struct Place {
    const std::string& database;
    const std::string& policy;
  };

  Result<void> export_policy(const std::string& database, const Policy& policy) {
    for (const TableRef& table : policy.tables()) {
      if (!question_.table.empty() && table->name != question_.table) continue;
      for (const Segment& segment : policy.segments) {
        const TimeRange range = segment.range.intersect(question_.range);
        if (!range.empty()) TRY_VOID(export_segment({database, policy.name}, *table, range));
      }
    }
    return {};
  }

  /// The table as it is now, which may have more columns than before; null when it was dropped.
  TableRef present(const Place& place, const Table& table) const {
    const auto database = parts_.catalog.snapshot()->database(place.database);
    const auto policy = database ? database->policy(place.policy) : nullptr;
    auto now = policy ? policy->table(table.name) : nullptr;
    return now && now->id == table.id ? now : nullptr;
  }

  Result<void> export_segment(const Place& place, const Table& table,
                              const TimeRange& range) {
    TRY_VOID(check_wanted());
    const auto ids = TRY(parts_.store.list_columns(table.id, range));
    const TableRef with_fields = present(place, table);
    if (!with_fields) return {};
    ScanSpec spec{.table = table.id, .range = range};
    names_.clear();
    for (const ColumnId id : ids) {
      const Column* column = with_fields->column(id);
      // A column that the catalog does not know was never acknowledged.
      if (column == nullptr || column->kind != ColumnKind::kField) continue;
      spec.columns.push_back({.id = id, .type = column->type});
      std::string name;
      names_.push_back(line_protocol::append_field_name(name, column->name) ? name : "");
    }
    if (spec.columns.empty()) return {};
    const auto stream = TRY(parts_.store.scan(spec, gone_));
    // After the scan began: it may see series with newer tags.
    const TableRef with_tags = present(place, table);
    if (!with_tags) return {};
    while (true) {
      TRY_VOID(check_wanted());
      const ScanBatch rows = TRY(stream->next());
      if (rows.row_count() == 0) return {};
      for (const SeriesRun& run : rows.runs) TRY_VOID(write_run(*with_tags, rows, run));
    }
  }

  Result<void> write_run(const Table& table, const ScanBatch& rows, const SeriesRun& run) {
    const auto cells = TRY(decode_series_key(run.series.key));
    tags_.clear();
    for (const KeyCell& cell : cells) {
      const Column* column = table.column(cell.column);
      if (column == nullptr) {
        return fail(ErrorCode::kCorrupt,
                    "a series has a tag that the catalog does not know: table " + table.name);
      }
      tags_.emplace_back(column->name, cell.text);
    }
    std::ranges::sort(tags_);
    key_.clear();
    const bool has_key = line_protocol::append_key(key_, table.name, tags_);
    for (size_t row = run.begin; row < run.end; ++row) {
      if (has_key) {
        write_row(rows, row);
      } else {
        for (const ColumnView& column : rows.columns) {
          figures_.cells_left_out += column.has_value(row) ? 1 : 0;
        }
      }
      if (text_.size() < kPieceBytes) continue;
      TRY_VOID(out_.write(text_));
      text_.clear();
    }
    return {};
  }

  void write_row(const ScanBatch& rows, size_t row) {
    const size_t before = text_.size();
    text_ += key_;
    char separator = ' ';
    for (size_t i = 0; i < names_.size(); ++i) {
      const ColumnView& column = rows.columns[i];
      if (!column.has_value(row)) continue;
      const size_t before_field = text_.size();
      text_ += separator;
      text_ += names_[i];
      text_ += '=';
      if (names_[i].empty() || !line_protocol::append_value(text_, column, row)) {
        text_.resize(before_field);
        ++figures_.cells_left_out;
        continue;
      }
      separator = ',';
    }
    if (separator == ' ') return text_.resize(before);
    line_protocol::append_time(text_, rows.times_ns[row]);
    ++figures_.rows;
  }

  Result<void> check_wanted() const {
    if (gone_ && gone_->load()) {
      return fail(ErrorCode::kCancelled, "whoever asked for it went away");
    }
    if (parts_.stopping.load()) return fail(ErrorCode::kCancelled, "the server is stopping");
    return {};
  }

  const ExportParts& parts_;
  const ExportQuestion& question_;
  const CancelFlag gone_;
  ByteSink& out_;
  ExportFigures figures_;
  std::string text_;                // Not yet written.
  std::vector<std::string> names_;  // Of the scan's columns, escaped; empty: no line can say it.
  std::vector<line_protocol::NamedTag> tags_;  // Of the run.
  std::string key_;
};

}  // namespace

Result<ExportFigures> export_lines(const ExportParts& parts, const ExportQuestion& question,
                                   const CancelFlag& gone, ByteSink& out) {
  return LineExport(parts, question, gone, out).run();
}

}  // namespace varve::admin
