#ifndef CCRYPTO_SIGNING_H
#define CCRYPTO_SIGNING_H
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

/* libcrypto would otherwise ask for the password of an encrypted key on the terminal. */
static inline int ccrypto_no_password(char *buffer, int size, int writes, void *context) {
  (void)buffer, (void)size, (void)writes, (void)context;
  return -1;
}

/* The first private key of a PEM text; NULL if there is none that can be read. */
static inline EVP_PKEY *ccrypto_private_key(const void *pem, int count) {
  BIO *input = BIO_new_mem_buf(pem, count);
  EVP_PKEY *key = input ? PEM_read_bio_PrivateKey(input, 0, ccrypto_no_password, 0) : 0;
  BIO_free(input);
  return key;
}

static inline int ccrypto_is_rsa(const EVP_PKEY *key) {
  return EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
}

/* RSA with SHA-256, PSS with a salt as long as the digest or PKCS #1 v1.5 (RFC 8017). `count` is the
   room in `out` and then the length of the signature. Returns 1 on success. */
static inline int ccrypto_sign_rsa(
    EVP_PKEY *key, int pss, const unsigned char *data, size_t length, unsigned char *out,
    size_t *count) {
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  EVP_PKEY_CTX *parameters = 0;
  int succeeded =
      context && EVP_DigestSignInit(context, &parameters, EVP_sha256(), 0, key) == 1 &&
      (!pss || (EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1 &&
                EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) == 1)) &&
      EVP_DigestSign(context, out, count, data, length) == 1;
  EVP_MD_CTX_free(context);
  return succeeded;
}

/* The first certificate of a PEM text; NULL if there is none. */
static inline X509 *ccrypto_certificate(const void *pem, int count) {
  BIO *input = BIO_new_mem_buf(pem, count);
  X509 *certificate = input ? PEM_read_bio_X509(input, 0, ccrypto_no_password, 0) : 0;
  BIO_free(input);
  return certificate;
}

static inline int ccrypto_fingerprint(
    const X509 *certificate, int sha256, unsigned char out[32], unsigned int *count) {
  return X509_digest(certificate, sha256 ? EVP_sha256() : EVP_sha1(), out, count);
}

/* Returns 1 if the certificate is of this key. */
static inline int ccrypto_matches(const X509 *certificate, const EVP_PKEY *key) {
  return X509_check_private_key(certificate, key);
}

/* Seconds from 1970 to 00:00:00 UTC of the certificate's last day plus its time of day; 0 if it has
   no end that can be read. */
static inline long long ccrypto_not_after(const X509 *certificate) {
  ASN1_TIME *epoch = ASN1_TIME_set(0, 0);
  int days = 0, seconds = 0;
  int succeeded = epoch && ASN1_TIME_diff(&days, &seconds, epoch, X509_get0_notAfter(certificate));
  ASN1_TIME_free(epoch);
  return succeeded ? days * 86400LL + seconds : 0;
}
#endif
