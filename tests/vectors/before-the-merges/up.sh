docker run nginx
docker run nginx:1.27 sshd
