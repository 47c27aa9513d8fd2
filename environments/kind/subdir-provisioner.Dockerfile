# The provisioner of lab 04 as an image for kind; the embedded cluster has it already.
#   docker build -t subdir-provisioner:1.0 -f environments/kind/subdir-provisioner.Dockerfile kitlib/embedded/kubelet/images
#   kind load docker-image subdir-provisioner:1.0
FROM python:3.12-alpine
COPY programs /usr/lib/kit/programs
ENV PYTHONPATH=/usr/lib/kit
ENTRYPOINT ["python", "-m", "programs", "subdir-provisioner"]
