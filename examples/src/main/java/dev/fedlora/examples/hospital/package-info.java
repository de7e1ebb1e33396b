/**
 * Three hospitals that train one classifier without showing each other a note: the library from the first key to the last
 * adapter, in one file.
 *
 * <p>Where to look first: {@link dev.fedlora.examples.hospital.HospitalStory}.
 */
@NullMarked
package dev.fedlora.examples.hospital;

import org.jspecify.annotations.NullMarked;
