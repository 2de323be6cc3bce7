#!/bin/bash
# The fallback where TensorRT-RTX refuses the GPU: TensorRT 8.6.0, the last with its builder on the
# package index (Python 3.10, CUDA 12), its GPU code cut down to sm_90, with a CPython 3.10 that runs
# from any folder. usage: pack_trt86.sh DIR, for DIR/trt86.tar.xz; needs python3.10 of pyenv, g++, xz.
set -e
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1" && cd "$1"
python3 -m pip download -q --no-deps --only-binary=:all: --python-version 3.10 --implementation cp \
  --platform manylinux_2_17_x86_64 -d . tensorrt==8.6.0
unzip -q -o tensorrt-8.6.0-*.whl 'tensorrt/*'
for library in libnvinfer.so.8 libnvinfer_builder_resource.so.8.6.0; do
  python3 "$here/prune_fatbin.py" "tensorrt/$library" 90
done
# The real plugin library needs cuBLAS 12 and cuDNN 8; the parser only asks it to register plugins.
echo 'extern "C" bool initLibNvInferPlugins(void*, const char*) { return true; }' |
  g++ -x c++ - -shared -fPIC -Wl,-soname,libnvinfer_plugin.so.8 -o tensorrt/libnvinfer_plugin.so.8
python=$(ls -d "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.10.* | tail -1)
mkdir -p py310/lib py310/bin
cp "$python/bin/python3.10" py310/bin && cp "$python/lib/libpython3.10.so.1.0" py310/lib
strip py310/lib/*.so* py310/bin/*
tar -C "$python" --exclude=test --exclude=site-packages --exclude='config-*' --exclude=idlelib \
  --exclude=ensurepip --exclude=__pycache__ --exclude=tkinter --exclude=lib2to3 \
  -cf - lib/python3.10 | tar -C py310 -xf -
tar -cf trt86.tar tensorrt py310 && xz -T0 -6 -f trt86.tar && rm -rf tensorrt py310
