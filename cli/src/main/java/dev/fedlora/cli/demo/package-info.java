/**
 * {@code fedlora demo}: a whole federation on this machine. A coordinator behind HTTP on a loopback port and one client for
 * each owner of data, all of them the product's own classes in one process; afterwards each client alone, for comparison.
 *
 * <p>Vocabulary: an <em>owner</em> is whoever's data a client trains on; <em>vanishing</em> clients leave a round after
 * their masks are agreed and before their vector is sent; <em>alone</em> is the same training without the others.
 *
 * <p>Where to look first: {@link dev.fedlora.cli.demo.DemoCommand}, then {@code LocalFederation}.
 */
@NullMarked
package dev.fedlora.cli.demo;

import org.jspecify.annotations.NullMarked;
