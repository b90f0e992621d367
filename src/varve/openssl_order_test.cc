// SPDX-License-Identifier: Apache-2.0
// libparquet exports a whole OpenSSL of its own. This binary is linked as varve is: its calls must
// end in the system's libcrypto, or two versions would share one TLS session.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <string>

namespace varve {
namespace {

std::string library_of(const char* symbol) {
  void* address = dlsym(RTLD_DEFAULT, symbol);
  Dl_info about{};
  if (!address || dladdr(address, &about) == 0) return "";
  return about.dli_fname;
}

TEST(OpenSslOrder, TakesCryptographyFromTheSystem) {
  for (const auto* symbol : {"EVP_DigestInit_ex", "EVP_EncryptInit_ex", "SSL_CTX_new"}) {
    const auto library = library_of(symbol);
    EXPECT_EQ(library.find("parquet"), std::string::npos) << symbol << " is in " << library;
    EXPECT_NE(
        library.find(std::string(symbol).starts_with("SSL") ? "libssl.so.3" : "libcrypto.so.3"),
        std::string::npos)
        << symbol << " is in " << library;
  }
}

}  // namespace
}  // namespace varve
