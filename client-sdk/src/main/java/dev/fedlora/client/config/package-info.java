/**
 * Reading configuration strictly: typed fields of a JSON or YAML object, all mistakes reported together.
 *
 * <p>Where to look first: {@link dev.fedlora.client.config.Fields}.
 *
 * <p>Rules: an unknown field is a mistake, never ignored; nothing is half read, so {@link
 * dev.fedlora.client.config.Fields#finish} is called before a value is used.
 */
@NullMarked
package dev.fedlora.client.config;

import org.jspecify.annotations.NullMarked;
