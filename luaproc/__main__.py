"""``python -m luaproc``: the same as the ``luaproc`` executable."""

from luaproc.entry import main

if __name__ == "__main__":
    main()
