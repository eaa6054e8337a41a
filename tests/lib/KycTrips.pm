# KycTrips: a proxy on loopback that counts round trips to a database, can make them slower, and can cut them off.
#
#   my $proxy = trips_start($pg->{port});                  # {port, pid}; ended with the test
#   my $slow = trips_start($pg->{port}, delay => 0.0005);  # seconds that each round trip takes more
#   my $cutter = trips_start($pg->{port}, cut_at => 'VACUUM');  # a connection is closed when its client sends this
#   my $pooler = trips_start($pg->{port}, pooled => 1);    # each transaction is of the other one of two sessions
#   my @connections = trips_of($proxy);                    # ({trips, sent, received}, ...) in the order of their opening
#   trips_cut($proxy);                                     # every connection is closed; new ones are accepted
#
# A trip is counted each time that bytes of the server follow bytes of the client: one for each flush that is waited for,
# however many statements it has. sent and received are bytes, as the client sees them.
package KycTrips;

use strict;
use warnings;
use Exporter 'import';
use IO::Select;
use IO::Socket::INET;
use POSIX ();
use Socket qw(IPPROTO_TCP TCP_NODELAY);
use Time::HiRes ();
use KycTest;

our @EXPORT = qw(trips_start trips_of trips_cut trips_url);

my $line = 34;    # bytes of one connection in the journal

sub write_all
{
    my ($socket, $bytes) = @_;
    while (length $bytes) {
        my $len = syswrite $socket, $bytes;
        return if !$len;
        substr $bytes, 0, $len, '';
    }
    return 1;
}

sub note
{
    my ($journal, $pair) = @_;
    sysseek $journal, $pair->{number} * $line, 0;
    syswrite $journal, sprintf "%9d %11d %11d\n", @$pair{qw(trips sent received)};
}

my $ready_for_query = qr/Z\x00\x00\x00\x05I\z/;    # outside of a transaction

# What the client sends next, of two sessions: the question for TLS and the login are of both, each further transaction is of
# the other one.
sub share_out
{
    my ($pair, $bytes) = @_;
    if ($pair->{trips} >= 2) {
        @$pair{qw(server other)} = @$pair{qw(other server)} if $pair->{reply} =~ $ready_for_query;
        return;
    }
    write_all($pair->{other}, $bytes);
    my $reply = '';
    while ($reply !~ ($pair->{trips} ? $ready_for_query : qr/./s)) {
        last if !sysread $pair->{other}, $reply, 65536, length $reply;
    }
}

sub serve
{
    my ($listener, $target_port, $journal, $delay, $cut_at, $is_pooled) = @_;
    my $select = IO::Select->new($listener);
    my (%pair_of, $number, $is_cut);
    my $end = sub {
        my ($pair) = @_;
        note($journal, $pair);
        for my $socket (grep { $_ } @$pair{qw(client server other)}) {
            $select->remove($socket);
            delete $pair_of{$socket};
            close $socket;
        }
    };
    local $SIG{USR1} = sub { $is_cut = 1 };
    while (1) {
        my @ready = $select->can_read(0.05);    # a signal just before the wait does not end it
        if ($is_cut) {
            $is_cut = 0;
            my %seen;
            $end->($_) for grep { !$seen{$_}++ } values %pair_of;
            kill 'USR1', getppid;
            next;
        }
        for my $ready (@ready) {
            if ($ready == $listener) {
                my $client = $listener->accept or next;
                my @servers = map { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $target_port) } 1 .. ($is_pooled ? 2 : 1);
                if (!$servers[0]) { close $client; next; }
                setsockopt $_, IPPROTO_TCP, TCP_NODELAY, 1 for $client, @servers;
                my $pair = {client => $client, server => $servers[0], other => $servers[1], number => $number++ || 0, trips => 0, sent => 0, received => 0, is_asked => 0};
                @pair_of{$client, @servers} = ($pair) x 3;
                $select->add($client, $servers[0]);
                note($journal, $pair);
                next;
            }
            my $pair = $pair_of{$ready} or next;
            my $is_client = $ready == $pair->{client};
            my $len = sysread $ready, my $bytes, 65536;
            if (!$len || ($is_client && defined $cut_at && $bytes =~ /\Q$cut_at\E/)) { $end->($pair); next; }
            # Half of the delay on each way, before the first bytes that turn the direction.
            my $turns = $is_client != $pair->{is_asked};
            Time::HiRes::sleep($delay / 2) if $delay && $turns;
            $pair->{is_asked} = $is_client;
            $pair->{$is_client ? 'sent' : 'received'} += $len;
            $pair->{trips}++ if $turns && !$is_client;
            note($journal, $pair) if $turns;
            $pair->{reply} = $bytes if !$is_client;
            if ($is_pooled && $is_client && $turns) {
                share_out($pair, $bytes);
                $select->add(@$pair{qw(server other)}) if $pair->{trips} == 2;
            }
            $end->($pair) if !write_all($pair->{$is_client ? 'server' : 'client'}, $bytes);
        }
    }
}

sub trips_start
{
    my ($target_port, %option) = @_;
    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 64, ReuseAddr => 1) or die "listen: $!";
    my $folder = scratch_folder();
    open my $journal, '>', "$folder/connections" or die "$folder: $!";
    my $pid = fork;
    die "fork: $!" if !defined $pid;
    if ($pid == 0) {
        $SIG{PIPE} = 'IGNORE';
        serve($listener, $target_port, $journal, @option{qw(delay cut_at pooled)});
        POSIX::_exit(0);
    }
    test_process($pid);
    return {port => $listener->sockport, pid => $pid, folder => $folder, journal => "$folder/connections"};
}

sub trips_of
{
    my ($proxy) = @_;
    my @connections;
    for my $entry (split /\n/, read_file($proxy->{journal})) {
        my %connection;
        @connection{qw(trips sent received)} = split ' ', $entry;
        push @connections, \%connection;
    }
    return @connections;
}

# Returns when every connection is closed.
sub trips_cut
{
    my ($proxy) = @_;
    my $is_done;
    local $SIG{USR1} = sub { $is_done = 1 };
    kill 'USR1', $proxy->{pid};
    for (1 .. 500) { last if $is_done; Time::HiRes::sleep(0.01); }
    die 'the proxy does not answer' if !$is_done;
}

# The same database through the proxy.
sub trips_url
{
    my ($proxy, $url) = @_;
    return $url =~ s/(127\.0\.0\.1:)\d+/$1$proxy->{port}/r;
}

1;
