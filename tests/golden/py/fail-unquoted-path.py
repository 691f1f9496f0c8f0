kernel = /boot/vmlinuz
