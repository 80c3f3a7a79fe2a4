/* What batch.c and native.py share. Python's cffi reads this file too: declarations only. */

typedef struct {
    int64_t base, highest, packets, starts;
    int64_t expected_before, received_before;
    double jitter, arrived_at;
    uint32_t ssrc, timestamp;
    int32_t known, arrived;
    int32_t level_id;
    int64_t level_sum, level_count;
} heard_t;

typedef struct {
    double sent_at;
    int64_t packets, octets, dropped;
    uint32_t ssrc, timestamp, source, timestamp_shift;
    uint32_t sequence, sequence_shift, highest;
    int32_t reach, ahead, has_source, resuming;
    uint32_t retired[8];
    int32_t retired_count, retired_next;
    uint8_t payload_types[128];
    uint8_t extensions[16];
    uint8_t speaker_red, listener_red;
} said_t;

typedef struct leg {
    void *rx, *tx;
    struct leg *listener;
    int32_t fd;
    uint32_t address_size;
    uint8_t address[28];
    int32_t packet_bytes;
    double packets_rate, bytes_rate, burst, packet_tokens, byte_tokens, tokens_at;
    double heard_at;
    int64_t received, rejected, sent, unsent, malformed, excess;
    int32_t tap;
    heard_t heard;
    said_t said;
} leg_t;

typedef struct {
    uint8_t *data;
    int32_t size;
    uint32_t address_size;
    uint8_t *address;
} handed_t;

typedef struct {
    uint8_t *data;
    int32_t size, tap;
} tapped_t;

typedef struct batch batch_t;

batch_t *batch_open(int32_t capacity, void *unprotect, void *protect);
void batch_close(batch_t *batch);
int32_t batch_put(batch_t *batch, const uint8_t *address, uint32_t size, leg_t *leg);
void batch_drop(batch_t *batch, const uint8_t *address, uint32_t size);
int32_t batch_read(batch_t *batch, int32_t fd, double now);
int32_t batch_stray(batch_t *batch, leg_t *leg, const uint8_t *packet, int32_t size, double now);
int32_t batch_handed(batch_t *batch, handed_t **handed);
int32_t batch_tapped(batch_t *batch, tapped_t **tapped);
void leg_reset(leg_t *leg);
void leg_hear(leg_t *leg);
void leg_heard(leg_t *leg, const uint8_t *packet, double now);
int32_t leg_rewrite(leg_t *leg, uint8_t *packet, int32_t size, double now);
int32_t leg_take(leg_t *leg, uint8_t *packet, int32_t size, double now);
