// SPDX-License-Identifier: Apache-2.0
#include "serve/http/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cerrno>
#include <fstream>
#include <system_error>

namespace varve {
namespace {

namespace ssl = boost::asio::ssl;

tl::unexpected<Error> refuse(std::string_view key, const std::string& path, std::string_view why) {
  ERR_clear_error();
  return fail(ErrorCode::kInvalidInput,
              std::string(key) + " " + path + ": " + std::string(why));
}

Result<void> check_readable(std::string_view key, const std::string& path) {
  if (path.empty()) {
    return fail(ErrorCode::kInvalidInput, std::string(key) + " is empty, and TLS needs it");
  }
  std::ifstream file(path, std::ios::binary);
  char byte = 0;
  if (file.read(&byte, 1)) return {};
  const int error = errno;
  return refuse(key, path,
                file.is_open() && file.eof() ? "the file is empty"
                                             : std::generic_category().message(error));
}

// A key with a passphrase is refused: nobody is there who could be asked for it.
int no_passphrase(char*, int, int, void*) { return 0; }

}  // namespace

Result<TlsContext> load_tls(const TlsFiles& files) {
  constexpr std::string_view kCertificate = "server.tls_cert_path";
  constexpr std::string_view kKey = "server.tls_key_path";
  TRY_VOID(check_readable(kCertificate, files.certificate_path));
  TRY_VOID(check_readable(kKey, files.key_path));
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  SSL_CTX* native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                  SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_default_passwd_cb(native, no_passphrase);
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(native, files.certificate_path.c_str()) != 1) {
    return refuse(kCertificate, files.certificate_path, "the file holds no PEM certificate");
  }
  if (SSL_CTX_use_PrivateKey_file(native, files.key_path.c_str(), SSL_FILETYPE_PEM) != 1) {
    const bool is_other = ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH ||
                          ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_TYPE_MISMATCH;
    return refuse(kKey, files.key_path,
                  is_other ? "the key does not belong to the certificate of " +
                                 files.certificate_path
                           : "the file holds no PEM private key without a passphrase");
  }
  if (SSL_CTX_check_private_key(native) != 1) {
    return refuse(kKey, files.key_path,
                  "the key does not belong to the certificate of " + files.certificate_path);
  }
  return context;
}

}  // namespace varve
