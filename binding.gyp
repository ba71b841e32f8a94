{
  # The addon of bpf-emu. Each part has one Init function, called from addon.cc.
  "targets": [
    {
      "target_name": "bpf_emu",
      "sources": [
        "native/addon.cc",
        "native/session.cc",
        "native/mount.cc",
        "native/process.cc",
        "native/resolver.cc",
        "native/supervisor.cc",
        "native/supervisor_caller.cc",
        "native/supervisor_mount.cc",
        "native/supervisor_names.cc",
        "native/supervisor_objects.cc",
        "native/supervisor_perf.cc",
      ],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=9", "NAPI_DISABLE_CPP_EXCEPTIONS", "_GNU_SOURCE"],
      "cflags": ["-Wall", "-Wextra", "-Wno-unused-parameter", "-O2", "-g"],
      "cflags_cc": ["-std=c++17", "-fno-exceptions", "-fvisibility=hidden"],
      "conditions": [
        # npm_config_bpf_emu_asan=1: AddressSanitizer (see test/native/asan.sh).
        ["'<!(node -p \"process.env.BPF_EMU_ASAN || 0\")' == '1'", {
          "cflags": ["-fsanitize=address", "-fno-omit-frame-pointer", "-O1"],
          "ldflags": ["-fsanitize=address"],
        }],
      ],
    },
    {
      # Starts the commands of `bpf-emu exec`; static, so that it needs nothing of their world.
      "target_name": "bpf-emu-launch",
      "type": "executable",
      "sources": ["native/launcher.c"],
      "cflags": ["-std=gnu11", "-Wall", "-Wextra", "-O2"],
      "ldflags": ["-static"],
    },
  ],
}
