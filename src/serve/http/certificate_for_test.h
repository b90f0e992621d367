// SPDX-License-Identifier: Apache-2.0
// A key and a certificate that it signed itself, for 127.0.0.1 and localhost, as PEM files.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <string>

#include "base/check.h"

namespace varve {

inline void write_certificate(const std::string& certificate_path, const std::string& key_path,
                              long serial) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -86'400);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 86'400);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  X509_EXTENSION* names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name,
                                              "DNS:localhost,IP:127.0.0.1");
  X509_add_ext(certificate, names, -1);
  X509_EXTENSION_free(names);
  CHECK(X509_sign(certificate, key, EVP_sha256()) > 0);
  std::FILE* file = std::fopen(certificate_path.c_str(), "w");
  CHECK(file != nullptr);
  CHECK(PEM_write_X509(file, certificate) == 1);
  std::fclose(file);
  file = std::fopen(key_path.c_str(), "w");
  CHECK(file != nullptr);
  CHECK(PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  std::fclose(file);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

}  // namespace varve
