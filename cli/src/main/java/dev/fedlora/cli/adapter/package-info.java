/**
 * {@code fedlora adapter}: trained adapters on disk.
 *
 * <p>Where to look first: {@link dev.fedlora.cli.adapter.AdapterGroup}.
 */
@NullMarked
package dev.fedlora.cli.adapter;

import org.jspecify.annotations.NullMarked;
