"""The private names of libraries that dtperf leans on, and why there is no other way."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["PRIVATE", "Private"]


class Private(NamedTuple):
    """A name that its library may drop without a word."""

    holder: str
    """The class, or the module, that has it."""
    name: str
    where: tuple[str, ...]
    """Our files that use it."""
    why: str


_EVENTS = "coffea describes a file anew for each chunk; ours changes what was made once"
_CACHE = "numba's cache ends a program when it cannot be used, and takes code that was damaged"
_EMPTY = "numba compiles a function for each np.empty of a kernel, by dtype and kind of shape"
_MODEL = "uproot writes neither the errors of a graph nor the bins of labels by itself"
_NTUPLE = "of what an RNTuple says of itself uproot offers no more than names and types"
_BLOCKS = "uproot's own takes what a block claims, however much that is"
_SPEC = "Dask tells nobody why a worker could not start, and waits for it when it closes"
_TICKS = "matplotlib makes, measures and draws each tick by itself, which is most of the time"
_FACTORY = "coffea.nanoevents.factory.NanoEventsFactory"
_FILES = "numba.core.caching.IndexDataCacheFile"
_MODELS = "uproot.models.RNTuple"
_COMPRESSION = "uproot.compression"
_SOURCE = "uproot.source.chunk.Source"

PRIVATE = (
    Private(
        *("atexit", "_ncallbacks", ("ending.py",)),
        "whether what is registered now will be called after all others",
    ),
    Private(
        *("coffea.processor.Runner", "_work_function", ("chunks.py",)),
        "coffea's opens the file anew and describes all branches for each chunk",
    ),
    Private(_FACTORY, "_schema", ("events.py",), _EVENTS),
    Private(_FACTORY, "_partition_key", ("events.py",), _EVENTS),
    Private(_FACTORY, "_mapping", ("lazy.py",), _EVENTS),
    Private(
        *("coffea.nanoevents.schemas.base.BaseSchema", "_form", ("events.py", "schema.py")),
        "coffea asks schemas to set it; the metadata of a chunk are in it",
    ),
    Private(
        *("coffea.nanoevents.factory", "_map_schema_uproot", ("lazy.py",)),
        "coffea in dask mode counts the lists of an RNTuple from the wrong place",
    ),
    Private(
        *("coffea.nanoevents.methods.base.NanoCollection", "_getlistarray", ("links.py",)),
        "the lists of a collection as they are before any cut",
    ),
    Private(
        *("coffea.nanoevents.methods.base.NanoCollection", "_events", ("links.py", "behaviors.py")),
        "the events that an object comes from, as coffea's own methods find them",
    ),
    Private(_COMPRESSION, "_DecompressLZ4", ("decompress.py",), "decompresses into a given size"),
    Private(_COMPRESSION, "_DecompressZLIB", ("patches.py",), _BLOCKS),
    Private(_COMPRESSION, "_DecompressZSTD", ("patches.py",), _BLOCKS),
    Private(_COMPRESSION, "_DecompressLZMA", ("patches.py",), _BLOCKS),
    Private(
        *(f"{_MODELS}.Model_ROOT_3a3a_RNTuple", "_field_records", ("projections.py",)),
        "where uproot keeps the fields, which get projections",
    ),
    Private(
        f"{_MODELS}.RField", "_fields", ("projections.py",), "where uproot keeps what is in a field"
    ),
    Private(
        *(
            f"{_MODELS}.Model_ROOT_3a3a_RNTuple",
            "_related_ids",
            ("rntuple_pages.py", "projections.py"),
        ),
        _NTUPLE,
    ),
    Private(
        *(f"{_MODELS}.Model_ROOT_3a3a_RNTuple", "_column_records_dict", ("rntuple_pages.py",)),
        _NTUPLE,
    ),
    Private(
        *("uproot.reading.ReadOnlyFile", "_fUUID", ("uuids.py",)),
        "a file without a UUID gets one that all who ask uproot shall see",
    ),
    Private(_SOURCE, "_file_path", ("sources.py",), "from which uproot names a source"),
    Private(_SOURCE, "_num_requests", ("sources.py",), "to count as uproot's own sources do"),
    Private(_SOURCE, "_num_requested_chunks", ("sources.py",), "to count as uproot's own do"),
    Private(_SOURCE, "_num_requested_bytes", ("sources.py",), "to count as uproot's own do"),
    Private(
        *("uproot.source.fsspec.FSSpecSource", "_fs", ("sources.py",)),
        "fsspec keeps what it has read of a file until it is told to forget it",
    ),
    Private(
        *("uproot.source.fsspec.FSSpecSource", "_file_path", ("sources.py",)),
        "the name by which fsspec forgets it",
    ),
    Private("uproot.model.Model", "_members", ("graph.py", "root.py"), _MODEL),
    Private("uproot.model.Model", "_bases", ("graph.py", "root.py"), _MODEL),
    Private("uproot.models.TGraph.Model_TGraph_v4", "_serialize", ("graph.py",), _MODEL),
    Private(
        *("distributed.scheduler.Scheduler", "_broker", ("dask_mailbox.py",)),
        "what was logged under a topic stays with the scheduler until it ends",
    ),
    Private(
        *("distributed.nanny.Nanny", "_on_worker_exit", ("nanny.py",)),
        "a nanny starts a worker anew while it is starting one",
    ),
    Private(
        *("distributed.nanny.Nanny", "_on_worker_exit_sync", ("nanny.py",)),
        "the exit code of a worker that has ended: whether it was killed is said by nothing else",
    ),
    Private("distributed.SpecCluster", "_created", ("batch.py", "local.py"), _SPEC),
    Private("distributed.SpecCluster", "_correct_state", ("batch.py", "local.py"), _SPEC),
    Private("dask_jobqueue.SLURMCluster", "_created", ("batch.py",), _SPEC),
    Private("dask_jobqueue.SLURMCluster", "_correct_state", ("batch.py",), _SPEC),
    Private(
        *("kr8s._api.Api", "_session", ("apiserver.py",)),
        "kr8s leaves its connections to the garbage collector",
    ),
    Private(
        "numba.core.dispatcher.Dispatcher",
        "_compilation_chain_init_hook",
        ("kernel_cache.py",),
        "loads vector and awkward, whose types no kernel has",
    ),
    Private(
        "numba.core.caching.FunctionCache",
        "_index_key",
        ("kernel_cache.py",),
        "what is public prepares to compile first",
    ),
    Private("numba.core.caching.FunctionCache", "_enabled", ("kernel_cache.py",), _CACHE),
    Private("numba.core.dispatcher.Dispatcher", "_cache", ("kernel_cache.py",), _CACHE),
    Private("numba.core.caching.FunctionCache", "_impl_class", ("kernel_cache.py",), _CACHE),
    Private("numba.core.caching.FunctionCache", "_impl", ("kernel_cache.py",), _CACHE),
    Private("numba.core.caching.FunctionCache", "_cache_file", ("kernel_cache.py",), _CACHE),
    Private("numba.core.caching.FunctionCache", "_cache_path", ("kernel_cache.py",), _CACHE),
    Private("numba.core.caching.CacheImpl", "_locator_classes", ("kernel_cache.py",), _CACHE),
    Private(
        *("numba.core.codegen.CPUCodeLibrary", "_shared_module", ("kernel_cache.py",)),
        "what others link of a kernel takes as long to load as its machine code, for nothing",
    ),
    Private("numba.np.arrayobj", "_empty_nd_impl", ("kernel_arrays.py",), _EMPTY),
    Private("numba.core.cgutils._StructProxy", "_getvalue", ("kernel_arrays.py",), _EMPTY),
    Private("matplotlib.axes.Axes", "_init_axis", ("ticks.py",), _TICKS),
    Private("matplotlib.axis.Axis", "_get_tick", ("ticks.py",), _TICKS),
    Private("matplotlib.axis.Axis", "_get_ticklabel_bboxes", ("ticks.py",), _TICKS),
    Private("matplotlib.axis.Axis", "_tick_class", ("ticks.py",), _TICKS),
    Private("matplotlib.axis.Axis", "_update_ticks", ("ticks.py",), _TICKS),
    *(
        Private(_FILES, name, ("kernel_files.py",), _CACHE)
        for name in (
            *("_data_path", "_dump", "_index_path", "_load_data", "_load_index"),
            *("_open_for_write", "_save_data", "_save_index", "_source_stamp", "_version"),
        )
    ),
)
