/* What load.c offers; Python's cffi reads this file too: declarations only. */

typedef struct {
    int32_t fd;
    uint32_t sequence;
    void *rx, *tx;
    int64_t next;
} speaker_t;

typedef struct {
    int64_t sent, received, refused, late;
    int64_t delays[8192];
} heard_t;

int32_t speak(speaker_t *speakers, int32_t count, double seconds, const uint8_t *payload,
              int32_t size, int32_t stamped, void *unprotect, void *protect, heard_t *heard);
int64_t echo(int32_t fd);
