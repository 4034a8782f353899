#!/usr/bin/env bash
# Makes larger and odder inputs from the one real clip and from FFmpeg's own sources.
# Usage: make-media.sh OUT_DIR [NAME …]; no NAME makes all but the long ones. Needs ffmpeg.
set -euo pipefail
out=${1:?usage: make-media.sh OUT_DIR [NAME ...]}; shift || true
clip=$(dirname "$0")/bbb-720p-5s.mp4
mkdir -p "$out"
ff() { ffmpeg -v error -y "$@"; }
declare -A make=(
  [film-1080p-30s.mp4]='ff -stream_loop 5 -i "$clip" -t 30 -vf scale=1920:1080:flags=lanczos -c:v libx264 -preset veryfast -crf 16 -g 50 -c:a aac -b:a 256k -ac 2'
  [film-720p-10min.mp4]='ff -stream_loop 114 -i "$clip" -t 600 -c copy'
  [portrait-60fps.mp4]='ff -f lavfi -i testsrc2=s=1080x1920:r=60:d=12 -f lavfi -i sine=f=440:d=12 -c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac'
  [ntsc-2997.mov]='ff -f lavfi -i testsrc2=s=1280x720:r=30000/1001:d=13 -f lavfi -i sine=f=300:d=13 -c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac'
  [silent.webm]='ff -f lavfi -i testsrc2=s=640x360:r=24:d=9 -c:v libvpx-vp9 -deadline realtime -cpu-used 8'
  [variable-rate.mkv]='ff -f lavfi -i testsrc2=s=640x360:r=30:d=10 -vf "select=not(mod(n\,7))+gt(mod(n\,11)\,4)" -fps_mode vfr -c:v libx264 -preset ultrafast -pix_fmt yuv420p'
  [rotated.mp4]='ff -i "$clip" -c copy -metadata:s:v rotate=90'
  [ten-bit-hevc.mp4]='ff -f lavfi -i testsrc2=s=1280x720:r=25:d=6 -c:v libx265 -preset ultrafast -pix_fmt yuv420p10le -x265-params log-level=error'
  [late-audio.mkv]='ff -f lavfi -i testsrc2=s=640x360:r=25:d=10 -itsoffset 1.7 -f lavfi -i sine=f=500:d=8 -c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac'
  [song.flac]='ff -f lavfi -i "aevalsrc=0.4*sin(2*PI*(220+40*sin(t))*t)|0.3*sin(2*PI*330*t):s=44100:d=95" -c:a flac'
  [podcast-mono.mp3]='ff -f lavfi -i "anoisesrc=c=pink:d=60:a=0.2" -ac 1 -c:a libmp3lame -b:a 96k'
  [hdr10-pq.mp4]='ff -f lavfi -i testsrc2=s=1920x1080:r=25:d=8 -vf "zscale=pin=bt709:tin=bt709:min=bt709:rin=tv:p=bt2020:t=smpte2084:m=bt2020nc:r=tv:npl=200,format=yuv420p10le" -c:v libx265 -preset ultrafast -x265-params log-level=error:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:hdr10=1'
  [interlaced-wide-pixels.ts]='ff -f lavfi -i testsrc2=s=720x576:r=50:d=8 -vf "tinterlace=interleave_top,setfield=tff,setsar=64/45" -c:v mpeg2video -flags +ildct+ilme -top 1 -b:v 6M'
  [long-gop-two-languages.mkv]='ff -f lavfi -i testsrc2=s=1280x720:r=24000/1001:d=21 -f lavfi -i "aevalsrc=0.2*sin(2*PI*300*t):c=7.1:s=48000:d=21" -f lavfi -i sine=f=600:d=21 -map 0 -map 1 -map 2 -metadata:s:a:0 language=eng -metadata:s:a:1 language=fra -c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 250 -keyint_min 250 -sc_threshold 0 -c:a:0 flac -c:a:1 aac'
  [odd-size.mkv]='ff -f lavfi -i testsrc2=s=854x480:r=25:d=6 -vf scale=853:479 -pix_fmt yuv444p -c:v libx264 -preset ultrafast'
  [uhd-4k-6s.mp4]='ff -f lavfi -i testsrc2=s=3840x2160:r=30:d=6 -c:v libx264 -preset ultrafast -pix_fmt yuv420p'
)
names=("$@")
if ((${#names[@]} == 0)); then
  mapfile -t names < <(printf '%s\n' "${!make[@]}" | grep -v -- '-10min' | sort)
fi
for name in "${names[@]}"; do
  [[ -n ${make[$name]:-} ]] || { echo "unknown: $name; known: ${!make[*]}" >&2; exit 2; }
  [[ -s $out/$name ]] || eval "${make[$name]} \"\$out/.part-\$name\"" && [[ -s $out/$name ]] || mv "$out/.part-$name" "$out/$name"
  echo "$out/$name"
done
