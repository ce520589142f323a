# The worker of checktype=external-perl: `perl external_perl_worker.pl SCRIPT DESCRIPTOR`.
#
# It compiles SCRIPT into a subroutine, says "0" on DESCRIPTOR, and then calls it once for each line
# of arguments on its standard input. The answer is one line: the exit status and, after a die, its
# text. See workers.py for the other side.

package Ldirpy::Worker;

# First, so that nothing of this file is in the scope of the script.
sub compiled {
    return eval "package main; no strict; no warnings; sub {\n#line 1 \"$_[1]\"\n$_[0]\n}";
}

use strict;
use warnings;
use Fcntl qw(F_SETFD FD_CLOEXEC);

my $worker = $$;
my $status = 0;

BEGIN {
    # exit ends the call and not the worker, from within an eval as well.
    *CORE::GLOBAL::exit = sub (;$) {
        my ($code) = @_;
        CORE::exit($code || 0) if $$ != $worker;    # a process that the script has forked
        $status = $code || 0;
        no warnings 'exiting';
        last CHECK;
    };
}

my ($script, $descriptor) = @ARGV;
open(my $answers, '>&=', $descriptor + 0) or die "no descriptor $descriptor\n";
fcntl($answers, F_SETFD, FD_CLOEXEC);
open(my $orders, '<&', \*STDIN) or die "no standard input\n";
open(STDIN, '<', '/dev/null');
$0 = $script;

sub answer {
    my ($code, $text) = @_;
    $text = '' unless defined $text;
    $text =~ s/\s*\n.*//s;
    syswrite($answers, substr("$code $text", 0, 1000) . "\n");
    return;
}

my $source = do {
    open(my $file, '<', $script) or do { answer(1, "$script: $!"); CORE::exit(1) };
    local $/;
    <$file>;
};
$source =~ s/^__(?:END|DATA)__\b.*//ms;
my $check = compiled($source, $script =~ s/["\n]/_/gr);
if (!$check) {
    answer(1, $@);
    CORE::exit(1);
}
answer(0);

while (1) {
    # One line at a time, written at once; a readline would show in the text of a die.
    CORE::exit(0) unless sysread($orders, my $line, 4096);
    local @ARGV = split ' ', $line;
    $status = 0;
    my $died;
    CHECK: {
        no warnings 'exiting';
        local ($@, $_);
        eval { $check->(@ARGV); 1 } or $died = length($@) ? "$@" : 'died';
    }
    CORE::exit(defined $died ? 255 : 0) if $$ != $worker;
    alarm(0);
    no warnings 'numeric';
    answer(defined $died ? (1, $died) : $status + 0);
}
