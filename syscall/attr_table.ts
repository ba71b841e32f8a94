/**
 * Every arm of `union bpf_attr` as Linux 6.18 has it, and which command reads which
 * (source: include/uapi/linux/bpf.h, read through the kernel's own BTF; where
 * CHECK_ATTR starts was asked of the kernel).
 *
 * This is the only place that knows the layout: the binary decoder, the check of
 * the unused tail, the JSON schema, the trace and docs/BPF_ATTR.md come from it.
 */
import {
  BPF_ATTACH_TYPE,
  BPF_CMD,
  BPF_ELEM,
  BPF_F_ATTACH,
  BPF_F_MAP,
  BPF_F_PROG,
  BPF_F_QUERY,
  BPF_F_TEST,
  BPF_FD_TYPE,
  BPF_LOG,
  BPF_MAP_TYPE,
  BPF_PROG_TYPE,
  BPF_STATS,
  BPF_STREAM,
} from '../uapi/bpf.ts';
import { type AttrArm, arm, char, ptr, type Symbols, s32, u32, u64 } from './attr_layout.ts';

const MAP_TYPES: Symbols = { prefix: 'BPF_MAP_TYPE_', values: BPF_MAP_TYPE };
const PROG_TYPES: Symbols = { prefix: 'BPF_PROG_TYPE_', values: BPF_PROG_TYPE };
const ATTACH_TYPES: Symbols = { prefix: 'BPF_', values: BPF_ATTACH_TYPE };
const MAP_FLAGS: Symbols = { prefix: 'BPF_F_', values: BPF_F_MAP };
const PROG_FLAGS: Symbols = { prefix: 'BPF_F_', values: BPF_F_PROG };
const ATTACH_FLAGS: Symbols = { prefix: 'BPF_F_', values: BPF_F_ATTACH };
const QUERY_FLAGS: Symbols = { prefix: 'BPF_F_', values: BPF_F_QUERY };
const TEST_FLAGS: Symbols = { prefix: 'BPF_F_', values: BPF_F_TEST };
const ELEM_FLAGS: Symbols = { prefix: 'BPF_', values: BPF_ELEM };
const LOG_LEVEL: Symbols = { prefix: 'BPF_LOG_', values: BPF_LOG };
const FD_TYPES: Symbols = { prefix: 'BPF_FD_TYPE_', values: BPF_FD_TYPE };
const STATS_TYPES: Symbols = { prefix: 'BPF_STATS_', values: BPF_STATS };
const STREAMS: Symbols = { prefix: 'BPF_', values: BPF_STREAM };

/** MAP_CREATE. */
export const MAP_CREATE = arm('map_create', [
  u32('map_type', 'type of the map', { symbols: MAP_TYPES }),
  u32('key_size', 'bytes of a key'),
  u32('value_size', 'bytes of a value'),
  u32('max_entries', 'most elements'),
  u32('map_flags', 'creation flags', { flags: MAP_FLAGS }),
  u32('inner_map_fd', 'template of a map of maps', { fd: 'map' }),
  u32('numa_node', 'NUMA node, with BPF_F_NUMA_NODE'),
  char('map_name', 16, 'name: letters, digits, _ and .'),
  u32('map_ifindex', 'net device to offload to'),
  u32('btf_fd', 'BTF of the key and value types', { fd: 'btf' }),
  u32('btf_key_type_id', 'type of a key in btf_fd'),
  u32('btf_value_type_id', 'type of a value in btf_fd'),
  u32('btf_vmlinux_value_type_id', 'type of a struct_ops value in the kernel BTF'),
  u64('map_extra', 'per type: bloom filter hashes, arena address'),
  s32('value_type_btf_obj_fd', 'module BTF of a struct_ops value', { fd: 'btf' }),
  s32('map_token_fd', 'BPF token, with BPF_F_TOKEN_FD', { fd: 'token' }),
  ptr('excl_prog_hash', {
    dir: 'in',
    what: 'SHA-256 of the only program that may use the map',
    length: { field: 'excl_prog_hash_size' },
  }),
  u32('excl_prog_hash_size', 'bytes of excl_prog_hash'),
]);

/** The element commands, and MAP_FREEZE. */
export const ELEM = arm('map_elem', [
  u32('map_fd', 'the map', { fd: 'map' }),
  ptr('key', { dir: 'in', what: 'the key', length: { map: 'key' } }),
  ptr('value', { dir: 'inout', what: 'the value', length: { map: 'value' } }),
  ptr('next_key', { dir: 'out', what: 'the key after it', length: { map: 'key' } }, { unionWith: 'value' }),
  u64('flags', 'BPF_ANY, BPF_NOEXIST, BPF_EXIST, BPF_F_LOCK', { flags: ELEM_FLAGS }),
]);

/** The batch commands. */
export const BATCH = arm('batch', [
  ptr('in_batch', { dir: 'in', what: 'where to go on; NULL: at the start', length: { map: 'token' } }),
  ptr('out_batch', { dir: 'out', what: 'where the next call goes on', length: { map: 'token' } }),
  ptr('keys', { dir: 'inout', what: 'the keys', length: { map: 'key', count: 'count' } }),
  ptr('values', { dir: 'inout', what: 'the values', length: { map: 'value', count: 'count' } }),
  u32('count', 'elements: room or given, then done', { dir: 'inout' }),
  u32('map_fd', 'the map', { fd: 'map' }),
  u64('elem_flags', 'flags of each element', { flags: ELEM_FLAGS }),
  u64('flags', 'flags of the batch: none'),
]);

/** PROG_LOAD. */
export const PROG_LOAD = arm('prog_load', [
  u32('prog_type', 'type of the program', { symbols: PROG_TYPES }),
  u32('insn_cnt', 'number of instructions'),
  ptr('insns', { dir: 'in', what: 'instructions of 8 bytes', length: { field: 'insn_cnt', each: 8 } }),
  ptr('license', { dir: 'in', what: 'license', length: { string: 128 } }),
  u32('log_level', 'bits of the log', { flags: LOG_LEVEL }),
  u32('log_size', 'room for the log in bytes'),
  ptr('log_buf', { dir: 'out', what: 'log of the verifier', length: { field: 'log_size' } }),
  u32('kern_version', 'not used'),
  u32('prog_flags', 'load flags', { flags: PROG_FLAGS }),
  char('prog_name', 16, 'name: letters, digits, _ and .'),
  u32('prog_ifindex', 'net device to bind to'),
  u32('expected_attach_type', 'where it will be attached', { symbols: ATTACH_TYPES }),
  u32('prog_btf_fd', 'BTF of the program', { fd: 'btf' }),
  u32('func_info_rec_size', 'bytes of a func_info record'),
  ptr('func_info', {
    dir: 'in',
    what: 'instruction offset and type of each function',
    length: { field: 'func_info_cnt', each: 'func_info_rec_size' },
  }),
  u32('func_info_cnt', 'number of func_info records'),
  u32('line_info_rec_size', 'bytes of a line_info record'),
  ptr('line_info', {
    dir: 'in',
    what: 'source line of instructions',
    length: { field: 'line_info_cnt', each: 'line_info_rec_size' },
  }),
  u32('line_info_cnt', 'number of line_info records'),
  u32('attach_btf_id', 'type of the function to attach to'),
  u32('attach_prog_fd', 'program to attach to', { fd: 'prog' }),
  u32('attach_btf_obj_fd', 'BTF that attach_btf_id is in', { fd: 'btf', unionWith: 'attach_prog_fd' }),
  u32('core_relo_cnt', 'number of CO-RE relocations'),
  ptr('fd_array', {
    dir: 'in',
    what: 'descriptors of maps and BTF objects',
    length: { field: 'fd_array_cnt', each: 4 },
  }),
  ptr('core_relos', {
    dir: 'in',
    what: 'CO-RE relocations',
    length: { field: 'core_relo_cnt', each: 'core_relo_rec_size' },
  }),
  u32('core_relo_rec_size', 'bytes of a CO-RE relocation'),
  u32('log_true_size', 'bytes the whole log takes', { dir: 'out' }),
  s32('prog_token_fd', 'BPF token, with BPF_F_TOKEN_FD', { fd: 'token' }),
  u32('fd_array_cnt', 'number of descriptors in fd_array'),
  ptr('signature', { dir: 'in', what: 'signature of the instructions', length: { field: 'signature_size' } }),
  u32('signature_size', 'bytes of the signature'),
  s32('keyring_id', 'keyring that has the key'),
]);

/** OBJ_PIN and OBJ_GET. */
export const OBJ = arm('obj', [
  ptr('pathname', { dir: 'in', what: 'path', length: { string: 4096 } }),
  u32('bpf_fd', 'the object', { fd: 'any' }),
  u32('file_flags', 'BPF_F_PATH_FD; for a map BPF_F_RDONLY or BPF_F_WRONLY', { flags: MAP_FLAGS }),
  s32('path_fd', 'directory that a relative path starts at, with BPF_F_PATH_FD', { fd: 'any' }),
]);

/** PROG_ATTACH and PROG_DETACH. */
export const ATTACH = arm('prog_attach', [
  u32('target_fd', 'cgroup, socket map, …', { fd: 'any' }),
  u32('target_ifindex', 'net device', { unionWith: 'target_fd' }),
  u32('attach_bpf_fd', 'the program', { fd: 'prog' }),
  u32('attach_type', 'where', { symbols: ATTACH_TYPES }),
  u32('attach_flags', 'how', { flags: ATTACH_FLAGS }),
  u32('replace_bpf_fd', 'program to replace, with BPF_F_REPLACE', { fd: 'prog' }),
  u32('relative_fd', 'program or link it goes before or after', { fd: 'any' }),
  u32('relative_id', 'the same by id, with BPF_F_ID', { id: 'any', unionWith: 'relative_fd' }),
  u64('expected_revision', 'revision the list must have; 0: any'),
]);

/** PROG_TEST_RUN. */
export const TEST = arm('test', [
  u32('prog_fd', 'the program', { fd: 'prog' }),
  u32('retval', 'what it returned', { dir: 'out' }),
  u32('data_size_in', 'bytes of data_in'),
  u32('data_size_out', 'room in data_out, then bytes written', { dir: 'inout' }),
  ptr('data_in', { dir: 'in', what: 'packet', length: { field: 'data_size_in' } }),
  ptr('data_out', { dir: 'out', what: 'packet afterwards', length: { field: 'data_size_out' } }),
  u32('repeat', 'how often to run'),
  u32('duration', 'average nanoseconds of a run', { dir: 'out' }),
  u32('ctx_size_in', 'bytes of ctx_in'),
  u32('ctx_size_out', 'room in ctx_out, then bytes written', { dir: 'inout' }),
  ptr('ctx_in', { dir: 'in', what: 'context', length: { field: 'ctx_size_in' } }),
  ptr('ctx_out', { dir: 'out', what: 'context afterwards', length: { field: 'ctx_size_out' } }),
  u32('flags', 'run flags', { flags: TEST_FLAGS }),
  u32('cpu', 'CPU to run on, with BPF_F_TEST_RUN_ON_CPU'),
  u32('batch_size', 'packets at a time, with BPF_F_TEST_XDP_LIVE_FRAMES'),
]);

/** The GET_NEXT_ID and GET_FD_BY_ID families. */
export const ID = arm('get_id', [
  u32('start_id', 'id to start after', { id: 'any' }),
  u32('prog_id', 'id of the program', { id: 'prog', unionWith: 'start_id' }),
  u32('map_id', 'id of the map', { id: 'map', unionWith: 'start_id' }),
  u32('btf_id', 'id of the BTF object', { id: 'btf', unionWith: 'start_id' }),
  u32('link_id', 'id of the link', { id: 'link', unionWith: 'start_id' }),
  u32('next_id', 'the id after it', { id: 'any', dir: 'out' }),
  u32('open_flags', 'BPF_F_RDONLY or BPF_F_WRONLY', { flags: MAP_FLAGS }),
  s32('fd_by_id_token_fd', 'BPF token, with BPF_F_TOKEN_FD', { fd: 'token' }),
]);

/** OBJ_GET_INFO_BY_FD. */
export const INFO = arm('info', [
  u32('bpf_fd', 'the object', { fd: 'any' }),
  u32('info_len', 'room for the info, then bytes written', { dir: 'inout' }),
  ptr('info', { dir: 'inout', what: 'struct bpf_{map,prog,btf,link}_info', length: { field: 'info_len' } }),
]);

/** PROG_QUERY. */
export const QUERY = arm('query', [
  u32('target_fd', 'cgroup, net namespace, socket map', { fd: 'any' }),
  u32('target_ifindex', 'net device', { unionWith: 'target_fd' }),
  u32('attach_type', 'where', { symbols: ATTACH_TYPES }),
  u32('query_flags', 'BPF_F_QUERY_EFFECTIVE', { flags: QUERY_FLAGS }),
  u32('attach_flags', 'flags of the list', { dir: 'out', flags: ATTACH_FLAGS }),
  ptr('prog_ids', { dir: 'out', what: 'ids of the programs', length: { field: 'prog_cnt', each: 4 } }),
  u32('prog_cnt', 'room for ids, then how many there are', { dir: 'inout' }),
  u32('count', 'the same', { dir: 'inout', unionWith: 'prog_cnt' }),
  ptr('prog_attach_flags', { dir: 'out', what: 'flags of each program', length: { field: 'prog_cnt', each: 4 } }),
  ptr('link_ids', { dir: 'out', what: 'link of each program', length: { field: 'prog_cnt', each: 4 } }),
  ptr('link_attach_flags', { dir: 'out', what: 'flags of each link', length: { field: 'prog_cnt', each: 4 } }),
  u64('revision', 'revision of the list', { dir: 'out' }),
]);

/** RAW_TRACEPOINT_OPEN. */
export const RAW_TRACEPOINT = arm('raw_tracepoint', [
  ptr('name', { dir: 'in', what: 'name of the tracepoint', length: { string: 128 } }),
  u32('prog_fd', 'the program', { fd: 'prog' }),
  u64('cookie', 'what bpf_get_attach_cookie() returns'),
]);

/** BTF_LOAD. */
export const BTF_LOAD = arm('btf_load', [
  ptr('btf', { dir: 'in', what: 'BTF data', length: { field: 'btf_size' } }),
  ptr('btf_log_buf', { dir: 'out', what: 'log of the check', length: { field: 'btf_log_size' } }),
  u32('btf_size', 'bytes of the BTF data'),
  u32('btf_log_size', 'room for the log in bytes'),
  u32('btf_log_level', 'bits of the log', { flags: LOG_LEVEL }),
  u32('btf_log_true_size', 'bytes the whole log takes', { dir: 'out' }),
  u32('btf_flags', 'BPF_F_TOKEN_FD', { flags: MAP_FLAGS }),
  s32('btf_token_fd', 'BPF token, with BPF_F_TOKEN_FD', { fd: 'token' }),
]);

/** TASK_FD_QUERY. */
export const TASK_FD_QUERY = arm('task_fd_query', [
  u32('pid', 'process'),
  u32('fd', 'descriptor in that process'),
  u32('flags', 'none'),
  u32('buf_len', 'room in buf, then length of the name', { dir: 'inout' }),
  ptr('buf', { dir: 'out', what: 'name of what it is attached to', length: { field: 'buf_len' } }),
  u32('prog_id', 'id of the program', { id: 'prog', dir: 'out' }),
  u32('fd_type', 'kind of the descriptor', { dir: 'out', symbols: FD_TYPES }),
  u64('probe_offset', 'offset of a probe', { dir: 'out' }),
  u64('probe_addr', 'address of a probe', { dir: 'out' }),
]);

/** LINK_CREATE; the arms of its inner union have their name in front. */
export const LINK_CREATE = arm('link_create', [
  u32('prog_fd', 'the program', { fd: 'prog' }),
  u32('map_fd', 'struct_ops map', { fd: 'map', unionWith: 'prog_fd' }),
  u32('target_fd', 'what to attach to', { fd: 'any' }),
  u32('target_ifindex', 'net device', { unionWith: 'target_fd' }),
  u32('attach_type', 'where', { symbols: ATTACH_TYPES }),
  u32('flags', 'how', { flags: ATTACH_FLAGS }),
  u32('target_btf_id', 'function of the target program'),
  ptr(
    'iter_info',
    { dir: 'in', what: 'union bpf_iter_link_info', length: { field: 'iter_info_len' } },
    { unionWith: 'target_btf_id' },
  ),
  u32('iter_info_len', 'bytes of iter_info'),
  u64('perf_event.bpf_cookie', 'cookie', { unionWith: 'target_btf_id' }),
  u32('kprobe_multi.flags', 'BPF_F_KPROBE_MULTI_RETURN', { unionWith: 'target_btf_id' }),
  u32('kprobe_multi.cnt', 'number of symbols'),
  ptr('kprobe_multi.syms', {
    dir: 'in',
    what: 'pointers to names',
    length: { field: 'kprobe_multi.cnt', each: 8 },
  }),
  ptr('kprobe_multi.addrs', { dir: 'in', what: 'addresses', length: { field: 'kprobe_multi.cnt', each: 8 } }),
  ptr('kprobe_multi.cookies', { dir: 'in', what: 'cookies', length: { field: 'kprobe_multi.cnt', each: 8 } }),
  u32('tracing.target_btf_id', 'function of the target program', { unionWith: 'target_btf_id' }),
  u64('tracing.cookie', 'cookie'),
  u32('netfilter.pf', 'protocol family', { unionWith: 'target_btf_id' }),
  u32('netfilter.hooknum', 'hook'),
  s32('netfilter.priority', 'priority'),
  u32('netfilter.flags', 'BPF_F_NETFILTER_IP_DEFRAG'),
  u32('tcx.relative_fd', 'program or link it goes before or after', { fd: 'any', unionWith: 'target_btf_id' }),
  u32('tcx.relative_id', 'the same by id', { id: 'any', unionWith: 'tcx.relative_fd' }),
  u64('tcx.expected_revision', 'revision the list must have'),
  ptr('uprobe_multi.path', { dir: 'in', what: 'binary', length: { string: 4096 } }, { unionWith: 'target_btf_id' }),
  ptr('uprobe_multi.offsets', { dir: 'in', what: 'offsets', length: { field: 'uprobe_multi.cnt', each: 8 } }),
  ptr('uprobe_multi.ref_ctr_offsets', {
    dir: 'in',
    what: 'offsets of semaphores',
    length: { field: 'uprobe_multi.cnt', each: 8 },
  }),
  ptr('uprobe_multi.cookies', { dir: 'in', what: 'cookies', length: { field: 'uprobe_multi.cnt', each: 8 } }),
  u32('uprobe_multi.cnt', 'number of offsets'),
  u32('uprobe_multi.flags', 'BPF_F_UPROBE_MULTI_RETURN'),
  u32('uprobe_multi.pid', 'only in this process'),
  u32('netkit.relative_fd', 'program or link it goes before or after', { fd: 'any', unionWith: 'target_btf_id' }),
  u32('netkit.relative_id', 'the same by id', { id: 'any', unionWith: 'netkit.relative_fd' }),
  u64('netkit.expected_revision', 'revision the list must have'),
  u32('cgroup.relative_fd', 'program or link it goes before or after', { fd: 'any', unionWith: 'target_btf_id' }),
  u32('cgroup.relative_id', 'the same by id', { id: 'any', unionWith: 'cgroup.relative_fd' }),
  u64('cgroup.expected_revision', 'revision the list must have'),
]);

/** LINK_UPDATE. */
export const LINK_UPDATE = arm('link_update', [
  u32('link_fd', 'the link', { fd: 'link' }),
  u32('new_prog_fd', 'program to put in', { fd: 'prog' }),
  u32('new_map_fd', 'struct_ops map to put in', { fd: 'map', unionWith: 'new_prog_fd' }),
  u32('flags', 'BPF_F_REPLACE', { flags: ATTACH_FLAGS }),
  u32('old_prog_fd', 'program that must be in it, with BPF_F_REPLACE', { fd: 'prog' }),
  u32('old_map_fd', 'map that must be in it', { fd: 'map', unionWith: 'old_prog_fd' }),
]);

/** LINK_DETACH. */
export const LINK_DETACH = arm('link_detach', [u32('link_fd', 'the link', { fd: 'link' })]);

/** ENABLE_STATS. */
export const ENABLE_STATS = arm('enable_stats', [u32('type', 'which', { symbols: STATS_TYPES })]);

/** ITER_CREATE. */
export const ITER_CREATE = arm('iter_create', [
  u32('link_fd', 'link of an iterator program', { fd: 'link' }),
  u32('flags', 'none'),
]);

/** PROG_BIND_MAP. */
export const PROG_BIND_MAP = arm('prog_bind_map', [
  u32('prog_fd', 'the program', { fd: 'prog' }),
  u32('map_fd', 'the map it shall keep', { fd: 'map' }),
  u32('flags', 'none'),
]);

/** TOKEN_CREATE. */
export const TOKEN_CREATE = arm('token_create', [
  u32('flags', 'none'),
  u32('bpffs_fd', 'root of a bpffs', { fd: 'any' }),
]);

/** PROG_STREAM_READ_BY_FD. */
export const PROG_STREAM_READ = arm('prog_stream_read', [
  ptr('stream_buf', { dir: 'out', what: 'text of the stream', length: { field: 'stream_buf_len' } }),
  u32('stream_buf_len', 'room in stream_buf'),
  u32('stream_id', 'stream', { symbols: STREAMS }),
  u32('prog_fd', 'the program', { fd: 'prog' }),
]);

/** What the table says of one command. */
export interface CommandAttr {
  /** Name without `BPF_`. */
  readonly name: keyof typeof BPF_CMD;
  readonly number: number;
  readonly arm: AttrArm;
  /** End of the last field the command knows: from here on the attr must be zero (`CHECK_ATTR`). */
  readonly checkFrom: number;
  /** Fields of the arm that the command uses, in order. */
  readonly fields: readonly string[];
  /** Success returns a new descriptor of this kind. */
  readonly returns?: 'map' | 'prog' | 'link' | 'btf' | 'token' | 'stats' | 'iter' | 'object';
}

/** One row of the command table: the last field is the one of the list that ends last. */
function command<N extends string>(
  name: keyof typeof BPF_CMD,
  of: AttrArm<N>,
  fields: readonly N[] | 'all',
  returns?: CommandAttr['returns'],
): CommandAttr {
  const used = of.fields.filter((field) => fields === 'all' || (fields as readonly string[]).includes(field.name));
  const checkFrom = Math.max(...used.map((field) => field.offset + field.size));
  const row = { name, number: BPF_CMD[name], arm: of, checkFrom, fields: used.map((field) => field.name) };
  return returns === undefined ? row : { ...row, returns };
}

/** Every command of bpf(2), by number. */
export const COMMAND_ATTRS: readonly CommandAttr[] = [
  command('MAP_CREATE', MAP_CREATE, 'all', 'map'),
  command('MAP_LOOKUP_ELEM', ELEM, ['map_fd', 'key', 'value', 'flags']),
  command('MAP_UPDATE_ELEM', ELEM, ['map_fd', 'key', 'value', 'flags']),
  command('MAP_DELETE_ELEM', ELEM, ['map_fd', 'key']),
  command('MAP_GET_NEXT_KEY', ELEM, ['map_fd', 'key', 'next_key']),
  command('PROG_LOAD', PROG_LOAD, 'all', 'prog'),
  command('OBJ_PIN', OBJ, ['pathname', 'bpf_fd', 'file_flags', 'path_fd']),
  command('OBJ_GET', OBJ, ['pathname', 'bpf_fd', 'file_flags', 'path_fd'], 'object'),
  command('PROG_ATTACH', ATTACH, 'all'),
  command('PROG_DETACH', ATTACH, 'all'),
  command('PROG_TEST_RUN', TEST, 'all'),
  command('PROG_GET_NEXT_ID', ID, ['start_id', 'next_id']),
  command('MAP_GET_NEXT_ID', ID, ['start_id', 'next_id']),
  command('PROG_GET_FD_BY_ID', ID, ['prog_id'], 'prog'),
  command('MAP_GET_FD_BY_ID', ID, ['map_id', 'open_flags'], 'map'),
  command('OBJ_GET_INFO_BY_FD', INFO, 'all'),
  command('PROG_QUERY', QUERY, 'all'),
  command('RAW_TRACEPOINT_OPEN', RAW_TRACEPOINT, 'all', 'link'),
  command('BTF_LOAD', BTF_LOAD, 'all', 'btf'),
  command('BTF_GET_FD_BY_ID', ID, ['btf_id', 'open_flags', 'fd_by_id_token_fd'], 'btf'),
  command('TASK_FD_QUERY', TASK_FD_QUERY, 'all'),
  command('MAP_LOOKUP_AND_DELETE_ELEM', ELEM, ['map_fd', 'key', 'value', 'flags']),
  command('MAP_FREEZE', ELEM, ['map_fd']),
  command('BTF_GET_NEXT_ID', ID, ['start_id', 'next_id']),
  command('MAP_LOOKUP_BATCH', BATCH, 'all'),
  command('MAP_LOOKUP_AND_DELETE_BATCH', BATCH, 'all'),
  command('MAP_UPDATE_BATCH', BATCH, 'all'),
  command('MAP_DELETE_BATCH', BATCH, 'all'),
  command('LINK_CREATE', LINK_CREATE, 'all', 'link'),
  command('LINK_UPDATE', LINK_UPDATE, 'all'),
  command('LINK_GET_FD_BY_ID', ID, ['link_id'], 'link'),
  command('LINK_GET_NEXT_ID', ID, ['start_id', 'next_id']),
  command('ENABLE_STATS', ENABLE_STATS, 'all', 'stats'),
  command('ITER_CREATE', ITER_CREATE, 'all', 'iter'),
  command('LINK_DETACH', LINK_DETACH, 'all'),
  command('PROG_BIND_MAP', PROG_BIND_MAP, 'all'),
  command('TOKEN_CREATE', TOKEN_CREATE, 'all', 'token'),
  command('PROG_STREAM_READ_BY_FD', PROG_STREAM_READ, 'all'),
];
