# Runs Perl's ldirectord as a black box, many times from one process.
#
#     perl oracle.pl LIMIT DAEMON
#
# The program is loaded once and stopped where it asks for its command line. There it waits for
# jobs, one a line on standard input: directory, file and command, with tabs between. For each it
# forks; the child goes to the directory, writes all it prints into the file `output`, and goes on
# as if it had been called with `-d FILE COMMAND`. The answer is a line with the child's exit
# status, 256 for one that did not end within LIMIT seconds.
#
# A `status` that ends well leaves a line `VALUES {...}`: what the settings are then, as JSON. A
# `start` is ended when all is set up: where it would make the first check, or sleep until it.
use strict;
use warnings;
use Getopt::Long ();
use IO::Handle ();
use POSIX ();

my ($limit, $daemon) = @ARGV;
my $child_runs = 0;

BEGIN {
    $ENV{PERLIO} = 'perlio';    # without it the daemon calls itself anew
    no warnings 'once';
    *CORE::GLOBAL::sleep = sub { $child_runs ? POSIX::_exit(0) : CORE::sleep($_[0]) };
}

my $read_options = \&Getopt::Long::GetOptions;
{
    no warnings qw(redefine prototype);
    *Getopt::Long::GetOptions = sub { take_jobs(); goto &$read_options };
}
$0 = $daemon;
do $daemon;
die "cannot run $daemon: ", $@ || $!, "\n";

sub take_jobs {
    $| = 1;
    while (defined(my $job = <STDIN>)) {
        chomp $job;
        my ($directory, $file, $command) = split /\t/, $job;
        my $child = fork;
        die "fork: $!\n" if not defined $child;
        if (!$child) {
            become($directory);
            @ARGV = ('-d', $file, $command);
            return;
        }
        print await($child), "\n";
    }
    POSIX::_exit(0);
}

sub become {
    my ($directory) = @_;
    POSIX::setpgid(0, 0);
    $SIG{ALRM} = 'DEFAULT';
    chdir $directory or POSIX::_exit(255);
    open STDIN, '<', '/dev/null' or POSIX::_exit(255);
    open STDOUT, '>>', 'output' or POSIX::_exit(255);
    open STDERR, '>&', \*STDOUT or POSIX::_exit(255);
    tie *STDERR, 'Watched', 2;
    $child_runs = 1;
}

sub await {
    my ($child) = @_;
    POSIX::setpgid($child, $child);
    my $status = eval {
        local $SIG{ALRM} = sub { die "time limit\n" };
        alarm $limit;
        waitpid $child, 0;
        my $found = $?;
        alarm 0;
        ($found & 127) ? 128 + ($found & 127) : $found >> 8;
    };
    kill 'KILL', -$child;    # with what it started
    waitpid $child, 0 if not defined $status;
    return $status // 256;
}

# Standard error, with an eye on what is said there.
package Watched;

sub TIEHANDLE {
    my ($class, $number) = @_;
    open my $out, '>>&=', $number or die "descriptor $number: $!\n";
    $out->autoflush;
    return bless \$out, $class;
}

sub PRINT {
    my ($self, @words) = @_;
    my $text = join '', @words;
    POSIX::_exit(0) if $text =~ /^(?:DEBUG\d: )?(?:Checking|Child not running)/;
    print {$$self} $text;
    print {$$self} 'VALUES ', Settings::json(), "\n"
        if $text =~ /^DEBUG\d: Exiting with exit_status \d+: Exiting from ldirectord status/;
}

sub PRINTF { my ($self, $format, @words) = @_; $self->PRINT(sprintf $format, @words) }
sub OPEN { 1 }
sub CLOSE { 1 }
sub FILENO { 2 }
sub BINMODE { 1 }

# The settings that the running daemon holds.
package Settings;

use JSON::PP ();

sub json {
    no strict 'refs';
    no warnings 'once';
    my %found = map { $_ => ${"main::$_"} }
        grep { /^[A-Z][A-Z0-9]+$/ && !/^DAEMON/ && defined ${"main::$_"} } keys %main::;
    return JSON::PP->new->ascii->allow_nonref->allow_unknown->canonical->encode({
        scalars  => \%found,
        instances => [sort keys %main::LD_INSTANCE],
        virtuals => \@main::VIRTUAL,
        checks   => \@main::REAL,
    });
}
