# What a Perl program prints is written at once, to a file as well.
package AtOnce;
$| = 1;
1;
