/* The path of every packet, in C: one recvmmsg, unprotect, rewrite, protect, one sendmmsg.
 *
 * It does what track.py, relay.py and rtcp.py do, rule by rule, and the same tests run over both.
 * What is not media of a known address is handed to Python: STUN, DTLS, reports, strangers.
 * libsrtp is not linked: its two functions are given by whoever opens the batch.
 *
 * Nothing here blocks, allocates per packet, or is called by two threads at once.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "batch.h"

enum {
    DATAGRAMS = 128, /* most read by one call */
    ROOM = 2048,     /* bytes per datagram, with space for what SRTP appends */
    LONGEST = 1500,  /* longer ones are cut by the kernel and rejected */
    HEADER = 12,
    FRAME = 960,
    CLOCK = 48000,
    MAX_DROPOUT = 3000,
    MAX_MISORDER = 1000,
    RETIRED = 8,
    NONE = 255,
};

typedef int (*srtp_call)(void *session, void *packet, int *size);

typedef struct {
    uint8_t key[20]; /* family, port, address */
    leg_t *leg;
} entry_t;

struct batch {
    srtp_call unprotect, protect;
    uint32_t mask, used;
    entry_t *table;
    int32_t handed_count;
    handed_t handed[DATAGRAMS];
    int32_t tapped_count;
    tapped_t tapped[DATAGRAMS];
    struct mmsghdr in[DATAGRAMS], out[DATAGRAMS];
    struct iovec in_at[DATAGRAMS], out_at[DATAGRAMS];
    leg_t *out_leg[DATAGRAMS];
    struct sockaddr_storage from[DATAGRAMS];
    uint8_t data[DATAGRAMS][ROOM];
    uint8_t copies[DATAGRAMS][ROOM]; /* of what is tapped; untouched memory costs nothing */
};

static uint16_t get16(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }

static uint32_t get32(const uint8_t *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void put16(uint8_t *at, uint32_t value) {
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value) {
    put16(at, value >> 16);
    put16(at + 2, value & 0xFFFF);
}

/* ------------------------------------------------------------------- who sent it */

static int key_of(uint8_t key[20], const uint8_t *address, uint32_t size) {
    memset(key, 0, 20);
    if (size >= sizeof(struct sockaddr_in) && ((const struct sockaddr *)address)->sa_family == AF_INET) {
        const struct sockaddr_in *four = (const struct sockaddr_in *)address;
        key[0] = 4;
        memcpy(key + 2, &four->sin_port, 2);
        memcpy(key + 4, &four->sin_addr, 4);
        return 1;
    }
    if (size >= sizeof(struct sockaddr_in6) && ((const struct sockaddr *)address)->sa_family == AF_INET6) {
        const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;
        key[0] = 6;
        memcpy(key + 2, &six->sin6_port, 2);
        memcpy(key + 4, &six->sin6_addr, 16);
        return 1;
    }
    return 0;
}

static uint32_t place_of(const batch_t *batch, const uint8_t key[20]) {
    uint64_t hash = 0;
    for (int at = 0; at < 20; at += 4) {
        uint32_t word;
        memcpy(&word, key + at, 4);
        hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
        hash ^= hash >> 29;
    }
    return (uint32_t)hash & batch->mask;
}

static entry_t *find(const batch_t *batch, const uint8_t key[20]) {
    uint32_t at = place_of(batch, key);
    while (batch->table[at].leg && memcmp(batch->table[at].key, key, 20))
        at = (at + 1) & batch->mask;
    return &batch->table[at];
}

batch_t *batch_open(int32_t capacity, void *unprotect, void *protect) {
    batch_t *batch = calloc(1, sizeof *batch);
    uint32_t size = 64;
    while (size < 2u * (uint32_t)capacity)
        size *= 2;
    if (batch)
        batch->table = calloc(size, sizeof(entry_t));
    if (!batch || !batch->table) {
        free(batch);
        return NULL;
    }
    batch->mask = size - 1;
    batch->unprotect = (srtp_call)unprotect;
    batch->protect = (srtp_call)protect;
    for (int at = 0; at < DATAGRAMS; at++) {
        batch->in_at[at].iov_base = batch->data[at];
        batch->in_at[at].iov_len = LONGEST;
        batch->in[at].msg_hdr.msg_iov = &batch->in_at[at];
        batch->in[at].msg_hdr.msg_iovlen = 1;
        batch->in[at].msg_hdr.msg_name = &batch->from[at];
        batch->out[at].msg_hdr.msg_iov = &batch->out_at[at];
        batch->out[at].msg_hdr.msg_iovlen = 1;
    }
    return batch;
}

void batch_close(batch_t *batch) {
    free(batch->table);
    free(batch);
}

int32_t batch_put(batch_t *batch, const uint8_t *address, uint32_t size, leg_t *leg) {
    uint8_t key[20];
    if (!key_of(key, address, size))
        return 0;
    entry_t *entry = find(batch, key);
    if (!entry->leg) {
        if (batch->used >= batch->mask / 2)
            return 0; /* Python knows the address too, and is only slower */
        memcpy(entry->key, key, 20);
        batch->used++;
    }
    entry->leg = leg;
    return 1;
}

void batch_drop(batch_t *batch, const uint8_t *address, uint32_t size) {
    uint8_t key[20];
    if (!key_of(key, address, size))
        return;
    entry_t *gap = find(batch, key);
    if (!gap->leg)
        return;
    batch->used--;
    uint32_t hole = (uint32_t)(gap - batch->table), at = hole;
    for (;;) { /* close the hole, so that no search ends in front of what lies behind it */
        at = (at + 1) & batch->mask;
        if (!batch->table[at].leg)
            break;
        uint32_t home = place_of(batch, batch->table[at].key);
        if (((at - home) & batch->mask) >= ((at - hole) & batch->mask)) {
            batch->table[hole] = batch->table[at];
            hole = at;
        }
    }
    batch->table[hole].leg = NULL;
}

/* ------------------------------------------------------------- how a browser is heard */

static int affordable(leg_t *leg, int32_t size, double now) {
    double elapsed = now - leg->tokens_at;
    leg->tokens_at = now;
    leg->packet_tokens += elapsed * leg->packets_rate;
    if (leg->packet_tokens > leg->packets_rate * leg->burst)
        leg->packet_tokens = leg->packets_rate * leg->burst;
    leg->byte_tokens += elapsed * leg->bytes_rate;
    if (leg->byte_tokens > leg->bytes_rate * leg->burst)
        leg->byte_tokens = leg->bytes_rate * leg->burst;
    if (leg->packet_tokens < 1 || leg->byte_tokens < size)
        return 0;
    leg->packet_tokens -= 1;
    leg->byte_tokens -= size;
    return 1;
}

static void source_starts(heard_t *heard, uint16_t sequence, uint32_t timestamp) {
    heard->packets = 0;
    heard->jitter = 0;
    heard->base = heard->highest = sequence;
    heard->timestamp = timestamp;
    heard->arrived = 0;
    heard->expected_before = heard->received_before = 0;
    heard->starts++;
}

static void hear(heard_t *heard, const uint8_t *packet, double now) {
    uint16_t sequence = get16(packet + 2);
    uint32_t timestamp = get32(packet + 4), ssrc = get32(packet + 8);
    if (!heard->known || ssrc != heard->ssrc) {
        heard->known = 1;
        heard->ssrc = ssrc;
        source_starts(heard, sequence, timestamp);
    }
    uint16_t forward = (uint16_t)(sequence - heard->highest);
    if (forward < MAX_DROPOUT)
        heard->highest += forward;
    else if (forward <= 0x10000 - MAX_DROPOUT)
        source_starts(heard, sequence, timestamp);
    heard->packets++;
    if (heard->arrived) {
        double apart = now - heard->arrived_at - (int32_t)(timestamp - heard->timestamp) / (double)CLOCK;
        heard->jitter += ((apart < 0 ? -apart : apart) - heard->jitter) / 16;
    }
    heard->timestamp = timestamp;
    heard->arrived_at = now;
    heard->arrived = 1;
}

/* ---------------------------------------------------------- what the other one hears */

static void join_sequence(said_t *said, uint16_t sequence) {
    said->sequence_shift = (said->sequence + 1 - sequence) & 0xFFFF;
    said->highest = sequence;
    said->reach = 0;
    said->ahead = -1;
    said->resuming = 0;
}

static void begin(said_t *said, uint16_t sequence, uint32_t timestamp, double now) {
    join_sequence(said, sequence);
    uint32_t step = FRAME;
    if (said->sent_at >= 0) {
        int64_t passed = (int64_t)((now - said->sent_at) * CLOCK);
        if (passed > FRAME)
            step = (uint32_t)passed;
    }
    said->timestamp_shift = said->timestamp + step - timestamp;
}

static int follows(said_t *said, uint16_t sequence, uint32_t timestamp, double now) {
    if (said->resuming) {
        join_sequence(said, sequence);
        return 1;
    }
    uint16_t forward = (uint16_t)(sequence - said->highest);
    if (forward <= MAX_DROPOUT) {
        if (!forward)
            return 0;
        said->highest = sequence;
        said->reach = said->reach + forward < MAX_MISORDER ? said->reach + forward : MAX_MISORDER;
        said->ahead = -1;
        return 1;
    }
    int32_t behind = 0x10000 - forward;
    if (behind < said->reach)
        return 1;
    if (behind <= MAX_MISORDER)
        return 0;
    if (sequence != said->ahead) {
        said->ahead = (sequence + 1) & 0xFFFF;
        return 0;
    }
    begin(said, sequence, timestamp, now);
    return 1;
}

/* Where the payload begins, or 0 if the packet is malformed. `said` may be NULL: only look. */
static int32_t extensions(heard_t *heard, said_t *said, uint8_t *packet, int32_t size, int32_t at) {
    if (size < at + 4)
        return 0;
    uint16_t profile = get16(packet + at);
    int32_t end = at + 4 + 4 * get16(packet + at + 2);
    at += 4;
    if (size < end)
        return 0;
    if (profile != 0xBEDE) {
        if (said)
            memset(packet + at, 0, (size_t)(end - at));
        return end;
    }
    while (at < end) {
        uint8_t head = packet[at];
        if (!head) {
            at++;
            continue;
        }
        int32_t after = at + 2 + (head & 0x0F);
        if (after > end)
            return 0;
        if (!said) {
            if (heard->level_id && head >> 4 == heard->level_id) {
                heard->level_sum += packet[at + 1] & 0x7F;
                heard->level_count++;
            }
        } else if (said->extensions[head >> 4])
            packet[at] = (uint8_t)(said->extensions[head >> 4] << 4 | (head & 0x0F));
        else
            memset(packet + at, 0, (size_t)(after - at));
        at = after;
    }
    return end;
}

/* The new size after a RED payload got the listener's numbers or was reduced; 0 if malformed. */
static int32_t redundancy(said_t *said, uint8_t *packet, int32_t size, int32_t at, uint8_t *type) {
    int32_t head = at, skip = 0;
    while (head < size && packet[head] & 0x80) {
        if (head + 4 > size)
            return 0;
        uint8_t inner = said->payload_types[packet[head] & 0x7F];
        if (inner == NONE)
            return 0;
        skip += (packet[head + 2] & 0x03) << 8 | packet[head + 3];
        if (said->listener_red != NONE)
            packet[head] = 0x80 | inner;
        head += 4;
    }
    if (head >= size || head + 1 + skip > size)
        return 0;
    uint8_t inner = said->payload_types[packet[head] & 0x7F];
    if (inner == NONE || inner == said->listener_red)
        return 0;
    if (said->listener_red != NONE) {
        packet[head] = inner;
        *type = said->listener_red;
        return size;
    }
    int32_t from = head + 1 + skip;
    memmove(packet + at, packet + from, (size_t)(size - from));
    *type = inner;
    return at + size - from;
}

/* The size of what the listener should get; 0 if nothing, -1 if the packet is malformed. */
static int32_t rewrite(said_t *said, uint8_t *packet, int32_t size, double now) {
    if (size < HEADER || packet[0] >> 6 != 2)
        return -1;
    uint8_t type = packet[1] & 0x7F, out = said->payload_types[type];
    int red = type == said->speaker_red;
    if (out == NONE && !red) {
        said->dropped++;
        return 0;
    }
    int32_t at = HEADER + 4 * (packet[0] & 0x0F);
    int32_t extended = packet[0] & 0x10 ? at : 0;
    if (extended) {
        if (!(at = extensions(NULL, said, packet, size, at)))
            return -1;
    } else if (size < at)
        return -1;
    if (red && !(size = redundancy(said, packet, size, at, &out)))
        return -1;
    uint16_t sequence = get16(packet + 2);
    uint32_t timestamp = get32(packet + 4), ssrc = get32(packet + 8);
    if (!said->has_source || ssrc != said->source) {
        for (int each = 0; each < said->retired_count; each++)
            if (said->retired[each] == ssrc) {
                said->dropped++;
                return 0;
            }
        if (said->has_source) {
            said->retired[said->retired_next] = said->source;
            said->retired_next = (said->retired_next + 1) % RETIRED;
            if (said->retired_count < RETIRED)
                said->retired_count++;
        }
        said->has_source = 1;
        said->source = ssrc;
        begin(said, sequence, timestamp, now);
    } else if (!follows(said, sequence, timestamp, now)) {
        said->dropped++;
        return 0;
    }
    uint32_t out_sequence = (sequence + said->sequence_shift) & 0xFFFF;
    uint32_t out_timestamp = timestamp + said->timestamp_shift;
    if (sequence == said->highest) {
        said->sequence = out_sequence;
        said->timestamp = out_timestamp;
        said->sent_at = now;
    }
    said->packets++;
    said->octets += size - at;
    packet[1] = (packet[1] & 0x80) | out;
    put16(packet + 2, out_sequence);
    put32(packet + 4, out_timestamp);
    put32(packet + 8, said->ssrc);
    return size;
}

void leg_reset(leg_t *leg) {
    memset(leg, 0, sizeof *leg);
    leg->fd = -1;
    leg->said.sent_at = -1;
    leg_hear(leg);
}

/* Another leg of the speaker is heard from now on; its numbers are filled in by the caller. */
void leg_hear(leg_t *leg) {
    said_t *said = &leg->said;
    memset(said->payload_types, NONE, sizeof said->payload_types);
    memset(said->extensions, 0, sizeof said->extensions);
    said->speaker_red = said->listener_red = NONE;
    said->has_source = 0;
    said->retired_count = said->retired_next = 0;
}

void leg_heard(leg_t *leg, const uint8_t *packet, double now) { hear(&leg->heard, packet, now); }

int32_t leg_rewrite(leg_t *leg, uint8_t *packet, int32_t size, double now) {
    return rewrite(&leg->said, packet, size, now);
}

/* An authentic packet: count it, and give it the numbers of the listener's stream.
 * Returns the size of what is to be sent to the listener, or 0. */
int32_t leg_take(leg_t *leg, uint8_t *packet, int32_t size, double now) {
    leg->received++;
    leg->heard_at = now;
    if (size > leg->packet_bytes || !affordable(leg, size, now)) {
        leg->excess++;
        return 0;
    }
    if (size < HEADER) {
        leg->malformed++;
        return 0;
    }
    hear(&leg->heard, packet, now);
    if (leg->heard.level_id && packet[0] & 0x10)
        extensions(&leg->heard, NULL, packet, size, HEADER + 4 * (packet[0] & 0x0F));
    if (!leg->listener)
        return 0;
    int32_t out = rewrite(&leg->listener->said, packet, size, now);
    if (out < 0) {
        leg->malformed++;
        return 0;
    }
    return out;
}

/* --------------------------------------------------------------------- one wake-up */

/* Keep a copy for whoever records, before the packet is protected in its place. */
static void copy(batch_t *batch, const leg_t *leg, const uint8_t *packet, int32_t size) {
    tapped_t *tapped = &batch->tapped[batch->tapped_count];
    tapped->data = batch->copies[batch->tapped_count++];
    tapped->size = size;
    tapped->tap = leg->tap;
    memcpy(tapped->data, packet, (size_t)size);
}

/* Protect a packet and put it into the row that goes out; how long the row is now. */
static uint32_t queue(batch_t *batch, leg_t *listener, uint8_t *packet, int32_t size, uint32_t at) {
    int length = size;
    if (listener->fd < 0 || !listener->tx || batch->protect(listener->tx, packet, &length)) {
        listener->unsent++;
        return at;
    }
    batch->out_at[at].iov_base = packet;
    batch->out_at[at].iov_len = (size_t)length;
    batch->out[at].msg_hdr.msg_name = listener->address;
    batch->out[at].msg_hdr.msg_namelen = listener->address_size;
    batch->out_leg[at] = listener;
    return at + 1;
}

static void flush(batch_t *batch, int fd, uint32_t count) {
    for (uint32_t at = 0; at < count;) {
        int sent = sendmmsg(fd, batch->out + at, count - at, MSG_DONTWAIT);
        if (sent <= 0) { /* the first of them could not be sent; the others may */
            batch->out_leg[at]->unsent++;
            at++;
            continue;
        }
        for (int each = 0; each < sent; each++)
            batch->out_leg[at + (uint32_t)each]->sent++;
        at += (uint32_t)sent;
    }
}

/* Media whose address is not known, offered to the leg it may belong to; 0 if it does not. */
int32_t batch_stray(batch_t *batch, leg_t *leg, const uint8_t *packet, int32_t size, double now) {
    uint8_t *data = batch->data[0];
    int length = size;
    if (!leg->rx || size > LONGEST)
        return 0;
    memmove(data, packet, (size_t)size);
    if (batch->unprotect(leg->rx, data, &length)) {
        leg->rejected++;
        return 0;
    }
    batch->tapped_count = 0;
    int32_t out = leg_take(leg, data, length, now);
    if (out && leg->tap)
        copy(batch, leg, data, out);
    if (out)
        flush(batch, leg->listener->fd, queue(batch, leg->listener, data, out, 0));
    return 1;
}

/* Read and forward what has come, up to one batch; how many datagrams, or -errno. */
int32_t batch_read(batch_t *batch, int32_t fd, double now) {
    batch->handed_count = batch->tapped_count = 0;
    for (int at = 0; at < DATAGRAMS; at++)
        batch->in[at].msg_hdr.msg_namelen = sizeof(struct sockaddr_storage);
    int came = recvmmsg(fd, batch->in, DATAGRAMS, MSG_DONTWAIT, NULL);
    if (came < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    uint32_t going = 0;
    int32_t out_fd = -1;
    for (int at = 0; at < came; at++) {
        uint8_t *packet = batch->data[at];
        int32_t size = (int32_t)batch->in[at].msg_len;
        leg_t *leg = NULL;
        uint8_t key[20];
        if (size >= 2 && packet[0] >= 128 && packet[0] <= 191 && !(packet[1] >= 192 && packet[1] <= 223)
            && !(batch->in[at].msg_hdr.msg_flags & MSG_TRUNC)
            && key_of(key, (uint8_t *)&batch->from[at], batch->in[at].msg_hdr.msg_namelen))
            leg = find(batch, key)->leg;
        if (!leg || !leg->rx) {
            handed_t *handed = &batch->handed[batch->handed_count++];
            handed->data = packet;
            handed->size = size;
            handed->address = (uint8_t *)&batch->from[at];
            handed->address_size = batch->in[at].msg_hdr.msg_namelen;
            continue;
        }
        int length = size;
        if (batch->unprotect(leg->rx, packet, &length)) {
            leg->rejected++;
            continue;
        }
        int32_t out = leg_take(leg, packet, length, now);
        if (!out)
            continue;
        if (leg->tap)
            copy(batch, leg, packet, out);
        if (out_fd != leg->listener->fd) {
            flush(batch, out_fd, going);
            going = 0;
            out_fd = leg->listener->fd;
        }
        going = queue(batch, leg->listener, packet, out, going);
    }
    flush(batch, out_fd, going);
    return came;
}

/* What the last read could not forward; valid until the next one. */
int32_t batch_handed(batch_t *batch, handed_t **handed) {
    *handed = batch->handed;
    return batch->handed_count;
}

/* Copies of what the last read, or the last stray, gave to a listener; valid until the next. */
int32_t batch_tapped(batch_t *batch, tapped_t **tapped) {
    *tapped = batch->tapped;
    return batch->tapped_count;
}
