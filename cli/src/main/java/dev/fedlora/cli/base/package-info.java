/**
 * The base models that need no download of their own: they come with the command as ordinary libraries.
 *
 * <p>Where to look first: {@link dev.fedlora.cli.base.BuiltInModel}.
 */
@NullMarked
package dev.fedlora.cli.base;

import org.jspecify.annotations.NullMarked;
