// SPDX-License-Identifier: Apache-2.0
#include "varve/config.h"

#include <algorithm>
#include <functional>
#include <utility>

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include "base/check.h"

namespace varve {
namespace {

constexpr std::string_view kPrefix = "VARVE__";
constexpr std::string_view kAliasPrefix = "HYPERBYTEDB__";

size_t index_of(const ConfigKey& key) { return static_cast<size_t>(&key - config_keys().data()); }

/// "SERVER__HTTP_ADDR" to "server.http_addr"; empty when there are not two parts.
std::string path_of_variable(std::string_view name) {
  std::string path;
  for (auto divider = name.find("__"); divider != std::string_view::npos;
       divider = name.find("__")) {
    path += std::string(name.substr(0, divider)) + ".";
    name.remove_prefix(divider + 2);
  }
  if (path.empty()) return {};
  path += name;
  std::transform(path.begin(), path.end(), path.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return path;
}

const ConfigKey* find_by_path(std::string_view path) {
  const auto dot = path.rfind('.');
  if (dot == std::string_view::npos) return nullptr;
  return find_config_key(path.substr(0, dot), path.substr(dot + 1));
}

std::string suggestion(std::string_view path) {
  const std::string near = similar_config_key(path);
  return near.empty() ? "" : "; did you mean " + near + "?";
}

bool is_section(std::string_view name) {
  const auto keys = config_keys();
  return std::any_of(keys.begin(), keys.end(),
                     [&](const ConfigKey& key) { return key.section == name; });
}

std::string place(std::string_view name, const toml::source_region& source) {
  return std::string(name) + " line " + std::to_string(source.begin.line);
}

/// A TOML value as ours; an error when it is of a type that no key has.
Result<ConfigValue> from_toml(const ConfigKey& key, const toml::node& node) {
  if (const auto* text = node.as_string()) return check_config_value(key, text->get());
  if (const auto* number = node.as_integer()) return check_config_value(key, number->get());
  if (const auto* boolean = node.as_boolean()) return check_config_value(key, boolean->get());
  return fail(ErrorCode::kInvalidInput,
              key.path() + " must be a text, a whole number or true or false");
}

using TakeValue = std::function<void(const ConfigKey& key, ConfigValue value, std::string where)>;

/// Sections may stand in sections.
Result<void> read_section(const toml::table& table, const std::string& section,
                          std::string_view name, const TakeValue& take) {
  for (const auto& [key_name, value_node] : table) {
    const std::string path = section + "." + std::string(key_name.str());
    const std::string where = place(name, key_name.source());
    if (const auto* inner = value_node.as_table(); inner && is_section(path)) {
      TRY_VOID(read_section(*inner, path, name, take));
      continue;
    }
    const auto* key = find_config_key(section, key_name.str());
    if (!key) {
      return fail(ErrorCode::kInvalidInput, where + ": unknown key " + path + suggestion(path));
    }
    auto value = from_toml(*key, value_node);
    if (!value) return fail(ErrorCode::kInvalidInput, where + ": " + value.error().message);
    take(*key, std::move(*value), where);
  }
  return {};
}

}  // namespace

Config::Config() {
  for (const auto& key : config_keys()) {
    auto value = parse_config_value(key, key.default_text);
    CHECK(value.has_value());
    settings_.push_back({std::move(*value), "default"});
  }
}

Result<void> Config::read_toml(std::string_view text, std::string_view name) {
  const toml::parse_result parsed = toml::parse(text, name);
  if (!parsed) {
    return fail(ErrorCode::kInvalidInput, place(name, parsed.error().source()) + ": " +
                                              std::string(parsed.error().description()));
  }
  for (const auto& [section, node] : parsed.table()) {
    const std::string_view section_name = section.str();
    const auto* table = node.as_table();
    if (!table || !is_section(section_name)) {
      return fail(ErrorCode::kInvalidInput, place(name, section.source()) + ": unknown " +
                                                (table ? "section [" : "key ") +
                                                std::string(section_name) + (table ? "]" : ""));
    }
    TRY_VOID(read_section(*table, std::string(section_name), name,
                          [&](const ConfigKey& key, ConfigValue value, std::string where) {
                            settings_[index_of(key)] = {std::move(value), std::move(where)};
                          }));
  }
  return {};
}

Result<void> Config::read_environment(const std::vector<std::string>& entries) {
  for (const bool own : {false, true}) {
    const auto prefix = own ? kPrefix : kAliasPrefix;
    for (const auto& entry : entries) {
      const auto equals = entry.find('=');
      if (!entry.starts_with(prefix) || equals == std::string::npos) continue;
      const std::string variable = entry.substr(0, equals);
      const std::string path = path_of_variable(std::string_view(variable).substr(prefix.size()));
      if (!find_by_path(path)) {
        if (!own) continue;
        return fail(ErrorCode::kInvalidInput, "the environment variable " + variable +
                                                  " names no key of the configuration" +
                                                  suggestion(path));
      }
      const auto done =
          set(path, std::string_view(entry).substr(equals + 1), "environment " + variable);
      if (!done) return fail(done.error().code, variable + ": " + done.error().message);
    }
  }
  return {};
}

Result<void> Config::set(std::string_view path, std::string_view text, std::string source) {
  const auto* key = find_by_path(path);
  if (!key) {
    return fail(ErrorCode::kInvalidInput,
                "unknown configuration key " + std::string(path) + suggestion(path));
  }
  settings_[index_of(*key)] = {TRY(parse_config_value(*key, text)), std::move(source)};
  return {};
}

const Config::Setting& Config::setting(std::string_view path, ConfigKind kind) const {
  const auto* key = find_by_path(path);
  CHECK(key != nullptr);
  CHECK(key->kind == kind);
  return settings_[index_of(*key)];
}

const std::string& Config::text(std::string_view path) const {
  const auto* key = find_by_path(path);
  CHECK(key != nullptr);
  return std::get<std::string>(setting(path, key->kind).value);
}

int64_t Config::integer(std::string_view path) const {
  const auto* key = find_by_path(path);
  CHECK(key != nullptr);
  CHECK(key->kind == ConfigKind::kInteger || key->kind == ConfigKind::kBytes);
  return std::get<int64_t>(setting(path, key->kind).value);
}

int64_t Config::duration_ms(std::string_view path) const {
  return std::get<int64_t>(setting(path, ConfigKind::kDuration).value);
}

bool Config::boolean(std::string_view path) const {
  return std::get<bool>(setting(path, ConfigKind::kBoolean).value);
}

std::string Config::show() const {
  std::string out;
  std::string_view section;
  for (const auto& key : config_keys()) {
    const auto& setting = settings_[index_of(key)];
    if (key.section != section) {
      out += (section.empty() ? "[" : "\n[") + std::string(key.section) + "]\n";
      section = key.section;
    }
    out += "# " + std::string(key.doc) + "\n";
    const bool is_hidden =
        (key.is_secret || key.name.ends_with("secret")) && setting.source != "default";
    const std::string value =
        is_hidden ? "\"[REDACTED]\"" : config_value_text(key, setting.value);
    out += std::string(key.name) + " = " + value + "  # " + setting.source + "\n";
  }
  return out;
}

}  // namespace varve
