/** What the tests of every module share; travels in this module's test jar because this module depends on no other. */
@NullMarked
package dev.fedlora.testkit;

import org.jspecify.annotations.NullMarked;
