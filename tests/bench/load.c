/* The browsers' side of a voice measurement, and the floor under it.
 *
 * `speak` sends one packet every 20 ms for each of many speakers, spread evenly over the 20 ms,
 * and reads what comes back; with stamped packets it tells how long each was on its way, in
 * steps of 10 microseconds. `echo` is the bare loop: what comes goes back.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

enum { FRAME_NS = 20000000, STEP_NS = 10000, STEPS = 8192, READY = 64 };

typedef int (*srtp_call)(void *session, void *packet, int *size);

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void listen_to(speaker_t *speaker, srtp_call unprotect, int stamped, heard_t *heard) {
    uint8_t packet[2048];
    for (;;) {
        int size = (int)recv(speaker->fd, packet, 1500, MSG_DONTWAIT);
        if (size < 0)
            return;
        if (size < 12 || packet[0] < 128 || packet[0] > 191 || (packet[1] >= 192 && packet[1] <= 223))
            continue;
        int64_t now = now_ns(), then;
        if (unprotect && speaker->rx && unprotect(speaker->rx, packet, &size)) {
            heard->refused++;
            continue;
        }
        heard->received++;
        if (!stamped)
            continue;
        memcpy(&then, packet + 12, 8);
        int64_t step = (now - then) / STEP_NS;
        heard->delays[step < 0 ? 0 : step >= STEPS ? STEPS - 1 : step]++;
    }
}

int32_t speak(speaker_t *speakers, int32_t count, double seconds, const uint8_t *payload,
              int32_t size, int32_t stamped, void *unprotect, void *protect, heard_t *heard) {
    int wakes = epoll_create1(0);
    if (wakes < 0)
        return -1;
    int64_t begin = now_ns(), end = begin + (int64_t)(seconds * 1e9), grace = end + 300000000;
    for (int at = 0; at < count; at++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)at};
        epoll_ctl(wakes, EPOLL_CTL_ADD, speakers[at].fd, &event);
        speakers[at].next = begin + (int64_t)FRAME_NS * at / count;
    }
    int next = 0; /* speakers are due in turn */
    for (;;) {
        int64_t now = now_ns();
        if (now >= grace)
            break;
        for (int budget = 32; budget && now < end && speakers[next].next <= now; budget--) {
            speaker_t *speaker = &speakers[next];
            uint8_t packet[2048] = {0x80, 96};
            uint32_t timestamp = htonl(speaker->sequence * 960), ssrc = htonl((uint32_t)next + 1);
            uint16_t sequence = htons((uint16_t)speaker->sequence);
            int length = 12 + size;
            memcpy(packet + 2, &sequence, 2);
            memcpy(packet + 4, &timestamp, 4);
            memcpy(packet + 8, &ssrc, 4);
            memcpy(packet + 12, payload, (size_t)size);
            int64_t stamp = now_ns();
            if (stamp - speaker->next > 5000000)
                heard->late++;
            if (stamped)
                memcpy(packet + 12, &stamp, 8);
            if (!protect || !((srtp_call)protect)(speaker->tx, packet, &length)) {
                if (send(speaker->fd, packet, (size_t)length, MSG_DONTWAIT) > 0)
                    heard->sent++;
            }
            speaker->sequence++;
            speaker->next += FRAME_NS;
            next = (next + 1) % count;
        }
        struct epoll_event ready[READY];
        int64_t wait = (now < end ? speakers[next].next : grace) - now_ns();
        if (wait < 0)
            wait = 0;
        if (wait > 10000000)
            wait = 10000000;
        struct timespec until = {.tv_sec = 0, .tv_nsec = wait};
        int came = epoll_pwait2(wakes, ready, READY, &until, NULL);
        for (int at = 0; at < came; at++)
            listen_to(&speakers[ready[at].data.u32], (srtp_call)unprotect, stamped, heard);
        int64_t stood = now_ns() - now - wait;
        if (stood > 50000000) /* the other end may have stood still with us */
            grace += stood;
    }
    close(wakes);
    return 0;
}

/* Until a packet of one byte comes; how many were sent back. */
int64_t echo(int32_t fd) {
    uint8_t packet[2048];
    struct sockaddr_storage from;
    int64_t count = 0;
    for (;;) {
        socklen_t length = sizeof from;
        ssize_t size = recvfrom(fd, packet, sizeof packet, 0, (struct sockaddr *)&from, &length);
        if (size == 1)
            return count;
        if (size > 0 && sendto(fd, packet, (size_t)size, 0, (struct sockaddr *)&from, length) > 0)
            count++;
    }
}
