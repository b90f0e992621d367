// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "query/influxql/statement_parser.h"

namespace varve::influxql {

Result<Statement> StatementParser::parse_create_user() {
  CreateUserStatement statement;
  statement.name = TRY(parse_identifier());
  TRY_VOID(expect({TokenKind::kWith, TokenKind::kPassword}));
  statement.password = TRY(parse_string());
  if (accept(TokenKind::kWith)) {
    TRY_VOID(expect({TokenKind::kAll, TokenKind::kPrivileges}));
    statement.is_admin = true;
  }
  return Statement(std::move(statement));
}

Result<Statement> StatementParser::parse_drop_user() {
  return Statement(DropUserStatement{TRY(parse_identifier())});
}

Result<Statement> StatementParser::parse_set_password() {
  SetPasswordStatement statement;
  statement.user = TRY(parse_identifier());
  TRY_VOID(expect(TokenKind::kEqual));
  statement.password = TRY(parse_string());
  return Statement(std::move(statement));
}

Result<Statement> StatementParser::parse_grant() {
  const Privilege privilege = TRY(parse_privilege());
  const bool is_all = privilege == Privilege::kAll;
  const Token token = tokens_.scan_word();
  if (token.kind == TokenKind::kOn) {
    GrantStatement statement{privilege, TRY(parse_identifier()), ""};
    TRY_VOID(expect(TokenKind::kTo));
    statement.user = TRY(parse_identifier());
    return Statement(std::move(statement));
  }
  if (!is_all) return unexpected(token, {"ON"});
  if (token.kind != TokenKind::kTo) return unexpected(token, {"ON", "TO"});
  return Statement(GrantAdminStatement{TRY(parse_identifier())});
}

Result<Statement> StatementParser::parse_revoke() {
  const Privilege privilege = TRY(parse_privilege());
  const bool is_all = privilege == Privilege::kAll;
  const Token token = tokens_.scan_word();
  if (token.kind == TokenKind::kOn) {
    RevokeStatement statement{privilege, TRY(parse_identifier()), ""};
    TRY_VOID(expect(TokenKind::kFrom));
    statement.user = TRY(parse_identifier());
    return Statement(std::move(statement));
  }
  if (!is_all) return unexpected(token, {"ON"});
  if (token.kind != TokenKind::kFrom) return unexpected(token, {"ON", "FROM"});
  return Statement(RevokeAdminStatement{TRY(parse_identifier())});
}

Result<Privilege> StatementParser::parse_privilege() {
  const Token token = tokens_.scan_word();
  switch (token.kind) {
    case TokenKind::kRead: return Privilege::kRead;
    case TokenKind::kWrite: return Privilege::kWrite;
    case TokenKind::kAll: accept(TokenKind::kPrivileges); return Privilege::kAll;
    default: return unexpected(token, {"READ", "WRITE", "ALL [PRIVILEGES]"});
  }
}

}  // namespace varve::influxql
