/**
 * Events of the trace ring. A record is EVENT_SIZE bytes: u32 event, i32 tid of the acting thread (0: deferred work),
 * then EVENT_ARGUMENTS 32-bit arguments in the order given here. Names and arguments are those of Linux's tracepoints;
 * the ones from EVENT_INSTALL on are our own.
 */
export const EVENT_SIZE = 40;
export const EVENT_ARGUMENTS = 8;
export const EVENT_CAPACITY = 2048;

export const EVENT_IOCTL = 1; // cmd, arg low, arg high
export const EVENT_IOCTL_DONE = 2; // ret
export const EVENT_WRITE_DONE = 3; // ret
export const EVENT_READ_DONE = 4; // ret
export const EVENT_WAIT_FOR_WORK = 5; // proc_work, transaction_stack, thread_todo
export const EVENT_TRANSACTION = 6; // transaction, dest_node, dest_proc, dest_thread, reply, flags, code
export const EVENT_TRANSACTION_RECEIVED = 7; // transaction
export const EVENT_TRANSACTION_ALLOC_BUF = 8; // transaction, data_size, offsets_size, extra_buffers_size
export const EVENT_TRANSACTION_BUFFER_RELEASE = 9; // the same
export const EVENT_TRANSACTION_FAILED_BUFFER_RELEASE = 10; // the same
export const EVENT_TRANSACTION_UPDATE_BUFFER_RELEASE = 11; // the same
export const EVENT_TRANSACTION_NODE_TO_REF = 12; // transaction, node, src_ptr low, high, dest_ref, dest_desc
export const EVENT_TRANSACTION_REF_TO_NODE = 13; // transaction, node, src_ref, src_desc, dest_ptr low, high
export const EVENT_TRANSACTION_REF_TO_REF = 14; // transaction, node, src_ref, src_desc, dest_ref, dest_desc
export const EVENT_TRANSACTION_FD_SEND = 15; // transaction, src_fd, offset
export const EVENT_TRANSACTION_FD_RECV = 16; // transaction, dest_fd, offset
export const EVENT_UPDATE_PAGE_RANGE = 17; // proc, allocate, offset, size
export const EVENT_ALLOC_LRU = 18; // proc, page_index; Linux's _start and _end as one
export const EVENT_FREE_LRU = 19; // the same
export const EVENT_ALLOC_PAGE = 20; // the same
export const EVENT_UNMAP_USER = 21; // the same
export const EVENT_UNMAP_KERNEL = 22; // the same
export const EVENT_TXN_LATENCY_FREE = 23; // transaction, from proc, from thread, to proc, to thread, flags, code
export const EVENT_COMMAND = 24; // cmd
export const EVENT_RETURN = 25; // cmd

export const EVENT_INSTALL = 32; // proc, page_index, frame, kernel address low, high (0: none)
export const EVENT_COPY = 33; // proc, offset in the area, frame address written, bytes, source low, high (0: the kernel's own, as the zeroes in place of what could not be copied)
export const EVENT_PARK = 34; // call
export const EVENT_WAKE = 35; // tid that was woken
export const EVENT_CLEAR = 36; // proc, offset in the area, frame address zeroed, bytes: a buffer that was freed
export const EVENT_FAULT = 37; // address low, high, access, 0 or -(signal << 8 | si_code)
