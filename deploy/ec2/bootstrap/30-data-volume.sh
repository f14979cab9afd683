#!/bin/bash
# The data volume at /var/lib/coinlake, mounted by UUID. Formats it only when it is blank.
set -euo pipefail
var=${COINLAKE_VAR:-/var/lib/coinlake}
etc=${COINLAKE_ETC:-/etc/coinlake}
fstab=${COINLAKE_FSTAB:-/etc/fstab}
# shellcheck source=/dev/null
. "$etc/host.env"

device() {
  # Nitro shows the volume's id as the serial number of an NVMe disk, without the dash (EBS user
  # guide, "Map Amazon EBS volumes to NVMe device names").
  lsblk --nodeps --noheadings --paths --output NAME,SERIAL | awk -v id="${DATA_VOLUME//-/}" '$2 == id { print $1 }'
}
disk=${COINLAKE_DISK:-}
for _ in $(seq "${COINLAKE_DISK_TRIES:-180}"); do
  [ -n "$disk" ] && break
  disk=$(device)
  [ -n "$disk" ] || sleep 2
done
[ -b "$disk" ] || { echo "30-data-volume: the volume $DATA_VOLUME is not attached" >&2; exit 1; }

# blkid --probe tells 2 for "nothing is on it" (blkid(8)), and anything else means: hands off.
code=0
blkid --probe "$disk" > /dev/null || code=$?
case $code in
  0) ;;
  2) mkfs.xfs -q -L coinlake "$disk" ;;
  *) echo "30-data-volume: cannot tell what is on $disk (blkid: $code)" >&2; exit 1 ;;
esac
uuid=$(blkid --probe --output value --match-tag UUID "$disk")
install -d -m 0755 "$var"
# nofail: without its data the host still starts, and lets somebody in to look (systemd.mount(5)).
line="UUID=$uuid $var xfs defaults,nofail,noatime 0 2"
if ! grep -qxF "$line" "$fstab"; then
  sed -i "\\| $var xfs |d" "$fstab"
  echo "$line" >> "$fstab"
fi
# The disk itself, this once: udev may not have seen yet that it has a UUID.
mountpoint -q "$var" || mount -t xfs -o noatime "$disk" "$var"
# A volume that was made larger: its file system follows, and step 50 tells Kafka. Else nothing happens.
xfs_growfs "$var" > /dev/null
