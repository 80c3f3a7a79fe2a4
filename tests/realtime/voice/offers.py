"""Offers as browsers write them, with made-up credentials and addresses."""

CHROMIUM = """\
v=0
o=- 6116073428739071015 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
a=extmap-allow-mixed
a=msid-semantic: WMS a28b0e27-c506-4990-9efa-362737e28369
m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=candidate:1956000678 1 udp 2113937151 f3d024ef-fc96-4171-badc-dad34a2b0710.local 33504 typ host
a=candidate:1799264930 1 udp 2113942271 198.51.100.7 48939 typ host generation 0 network-cost 999
a=ice-ufrag:TUGr
a=ice-pwd:oBcb0zRF/PwTZ5ahOoMf0FOY
a=ice-options:trickle
a=fingerprint:sha-256 92:3E:8B:56:9D:8C:27:A8:88:98:9D:28:A5:88:77:BD:\
90:AC:E4:1F:91:FE:AD:FB:65:81:16:0B:EE:D9:88:D0
a=setup:actpass
a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=sendrecv
a=msid:a28b0e27-c506-4990-9efa-362737e28369 bedb6e0d-3b5c-4131-a1dd-06a9a9cd25ae
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:63 red/48000/2
a=fmtp:63 111/111
a=rtpmap:9 G722/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:13 CN/8000
a=rtpmap:110 telephone-event/48000
a=rtpmap:126 telephone-event/8000
a=ssrc:3507599661 cname:Genl2ifS08dPPrkV
""".replace("\n", "\r\n")

FIREFOX = """\
v=0
o=mozilla...THIS_IS_SDPARTA-99.0 7214560937128455283 0 IN IP4 0.0.0.0
s=-
t=0 0
a=sendrecv
a=fingerprint:sha-256 0A:1B:2C:3D:4E:5F:60:71:82:93:A4:B5:C6:D7:E8:F9:\
0A:1B:2C:3D:4E:5F:60:71:82:93:A4:B5:C6:D7:E8:F9
a=group:BUNDLE 0
a=ice-options:trickle
a=msid-semantic:WMS *
m=audio 9 UDP/TLS/RTP/SAVPF 109 9 0 8 101
c=IN IP4 0.0.0.0
a=sendrecv
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:2/recvonly urn:ietf:params:rtp-hdrext:csrc-audio-level
a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid
a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1
a=fmtp:101 0-15
a=ice-pwd:4b6ae1fdb9fb3e9e0f4f6e0fd3f2a1c0
a=ice-ufrag:9d0c3a1e
a=mid:0
a=msid:{b1b2c3d4-0000-4000-8000-000000000001} {b1b2c3d4-0000-4000-8000-000000000002}
a=rtcp-mux
a=rtpmap:109 opus/48000/2
a=rtpmap:9 G722/8000/1
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000/1
a=setup:actpass
a=ssrc:1512345678 cname:{0c0c0c0c-0000-4000-8000-000000000003}
""".replace("\n", "\r\n")
