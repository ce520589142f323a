# Perl's own verdict on patterns: `$data =~ /$receive/`, as ldirectord does it, on bytes.
#
# Standard input: a line for each case with the pattern and the data in hexadecimal. Standard
# output: a line each, `1` found, `0` not found, `error` for a pattern that is refused.
use strict;
no warnings;

while (my $line = <STDIN>) {
    chomp $line;
    my ($receive, $data) = map { pack 'H*', $_ } split /,/, $line, 2;
    my $found = eval { $data =~ /$receive/ ? 1 : 0 };
    print defined $found ? $found : 'error', "\n";
}
