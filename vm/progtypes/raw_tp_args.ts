/**
 * Tracepoints that hand NULL, or an error in place of a pointer, to the programs on
 * them (`raw_tp_null_args`, and `__nullable` parameters). Those of a running 6.18 were
 * read from it; the others, of parts it is built without, are as in 6.12.
 */

/** Arguments that may be NULL, by tracepoint: numbers of arguments. */
const NULLABLE: Readonly<Record<string, readonly number[]>> = {
  // Argument 0.
  ...all(
    [0],
    'mm_collapse_huge_page_isolate mm_page_alloc mm_page_alloc_zone_locked mm_page_pcpu_drain tmigr_update_events',
    'xfs_blockgc_flush_all xfs_blockgc_start xfs_blockgc_stop xfs_blockgc_worker xfs_fs_sync_fs',
    'xfs_inodegc_flush xfs_inodegc_push xfs_inodegc_queue xfs_inodegc_start xfs_inodegc_stop xfs_inodegc_throttle',
    'xfs_defer_add_item xfs_defer_cancel_item xfs_defer_cancel_list xfs_defer_create_intent xfs_defer_finish_item',
    'xfs_defer_isolate_paused xfs_defer_item_pause xfs_defer_item_unpause xfs_defer_pending_abort',
    'xfs_defer_pending_finish xfs_defer_relog_intent',
    'afs_protocol_error rxrpc_recvdata xs_stream_read_data',
    'cachefiles_io_error cachefiles_lookup cachefiles_mark_active cachefiles_mark_failed cachefiles_mark_inactive',
    'cachefiles_ondemand_close cachefiles_ondemand_copen cachefiles_ondemand_cread cachefiles_ondemand_fd_release',
    'cachefiles_ondemand_fd_write cachefiles_ondemand_open cachefiles_ondemand_read cachefiles_prep_read',
    'cachefiles_rename cachefiles_unlink cachefiles_vfs_error',
  ),
  // Argument 1.
  ...all(
    [1],
    'break_lease_block break_lease_noblock break_lease_unblock fcntl_setlk flock_lock_inode generic_delete_lease',
    'locks_remove_posix posix_lock_inode time_out_leases',
    'ext4_mballoc_discard ext4_mballoc_free folio_wait_writeback hugetlbfs_alloc_inode writeback_dirty_folio',
    'mm_khugepaged_collapse_file mm_khugepaged_scan_file mm_khugepaged_scan_pmd sched_pi_setprio',
    'xfs_blockgc_free_space xfs_ioc_free_eofblocks',
    'afs_flock_ev afs_make_fs_call afs_make_fs_call1 afs_make_fs_call2 afs_make_fs_calli device_pm_callback_start',
    'netfs_failure rxrpc_resend xprt_get_cong xprt_put_cong xprt_release_cong xprt_reserve_cong',
  ),
  ...all([0, 1], 'tcp_send_reset'),
  ...all([2], 'fib_table_lookup sched_stick_numa sched_swap_numa tcp_sendmsg_locked tegra_dma_tx_status'),
  ...all([2], 'xfs_btree_overlapped_query_range xfs_btree_updkeys'),
  ...all([3], 'kfree_skb qdisc_dequeue'),
  ...all([4], 'host1x_cdma_push_gather xfs_map_blocks_alloc xfs_map_blocks_found'),
};

/** Arguments that may be an error code: they are numbers then. */
const ERRORS: Readonly<Record<string, readonly number[]>> = {
  cachefiles_lookup: [2],
  mr_integ_alloc: [3],
};

function all(args: readonly number[], ...names: readonly string[]): Record<string, readonly number[]> {
  return Object.fromEntries(names.flatMap((line) => line.split(' ')).map((name) => [name, args]));
}

function has(table: Readonly<Record<string, readonly number[]>>, name: string, arg: number): boolean {
  return Object.hasOwn(table, name) && table[name]!.includes(arg);
}

/** Whether an argument of a tracepoint (`kfree_skb`) may be NULL. */
export function tracepointArgMayBeNull(name: string, arg: number): boolean {
  return has(NULLABLE, name, arg);
}

/** Whether an argument of a tracepoint may be an error code in place of a pointer. */
export function tracepointArgMayBeError(name: string, arg: number): boolean {
  return has(ERRORS, name, arg);
}

/** Whether anything is known of the tracepoint: others, of modules, may pass NULL anywhere. */
export function tracepointIsListed(name: string): boolean {
  return Object.hasOwn(NULLABLE, name) || Object.hasOwn(ERRORS, name);
}
