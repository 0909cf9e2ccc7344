# The app in a container: not root, offline, CPU by default. Use and GPU: docs/container.md.
ARG BASE=python:3.11-slim
FROM ${BASE}

# Where the PyTorch build comes from: the CPU builds, or e.g. https://download.pytorch.org/whl/cu130
# for CUDA. Empty takes the default build of PyPI.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu

ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HF_HUB_OFFLINE=1 \
    STREAMLIT_SERVER_HEADLESS=true \
    HOME=/home/explorer

# What opencv-python links to and a slim image lacks.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends libxcb1 libgl1 libglib2.0-0 \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /app
COPY requirements.txt ./
RUN python3 -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir \
        ${TORCH_INDEX:+--extra-index-url "${TORCH_INDEX}"} -r requirements.txt

COPY app.py LICENSE ./
COPY .streamlit .streamlit
COPY assets assets
COPY explorer explorer

RUN useradd --create-home --uid 10001 explorer
USER 10001

EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
CMD ["streamlit", "run", "app.py", "--server.address=0.0.0.0", "--server.port=8501"]
