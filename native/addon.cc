/* Entry of the addon, and the error conversion that all its files share. */
#include "addon.h"

#include <cstring>

namespace bpf_emu {

std::string ErrnoName(int error) {
  const char* name = strerrorname_np(error);
  return name != nullptr ? name : "errno " + std::to_string(error);
}

Napi::Value ThrowErrno(Napi::Env env, int error, const char* syscall, const std::string& sentence) {
  Napi::Error thrown = Napi::Error::New(env, ErrnoName(error) + ": " + sentence);
  thrown.Set("errno", Napi::Number::New(env, error));
  thrown.Set("code", Napi::String::New(env, ErrnoName(error)));
  thrown.Set("syscall", Napi::String::New(env, syscall));
  thrown.ThrowAsJavaScriptException();
  return env.Undefined();
}

bool Bytes(const Napi::Value& value, uint8_t** data, size_t* length) {
  if (!value.IsTypedArray()) return false;
  Napi::TypedArray array = value.As<Napi::TypedArray>();
  if (array.TypedArrayType() != napi_uint8_array) return false;
  Napi::Uint8Array bytes = array.As<Napi::Uint8Array>();
  *data = bytes.Data();
  *length = bytes.ByteLength();
  return true;
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  InitSession(env, exports);
  InitMount(env, exports);
  InitProcess(env, exports);
  InitResolver(env, exports);
  InitSupervisor(env, exports);
  return exports;
}

}  // namespace bpf_emu

static Napi::Object InitAddon(Napi::Env env, Napi::Object exports) { return bpf_emu::Init(env, exports); }
NODE_API_MODULE(bpf_emu, InitAddon)
