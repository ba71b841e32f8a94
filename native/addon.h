/*
 * The native half of bpf-emu: what JavaScript cannot do by itself. Every file has one
 * Init function that adds its own names to the exports; addon.cc calls them all.
 *
 * Conventions: functions on hot paths return 0 or -errno as numbers; all others throw an
 * Error with `errno` (positive), `code` (its name), `syscall`, and a message that ends
 * with what to do about it.
 */
#pragma once

#include <napi.h>

#include <string>

namespace bpf_emu {

/** Throws a JavaScript Error made of an errno, the call that failed and a sentence. */
Napi::Value ThrowErrno(Napi::Env env, int error, const char* syscall, const std::string& sentence);

/** `EINVAL` for 22. */
std::string ErrnoName(int error);

/** A Uint8Array argument as pointer and length; false when it is none. */
bool Bytes(const Napi::Value& value, uint8_t** data, size_t* length);

void InitSession(Napi::Env env, Napi::Object exports);
void InitMount(Napi::Env env, Napi::Object exports);
void InitProcess(Napi::Env env, Napi::Object exports);
void InitResolver(Napi::Env env, Napi::Object exports);
void InitSupervisor(Napi::Env env, Napi::Object exports);

}  // namespace bpf_emu
