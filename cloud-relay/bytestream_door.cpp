#include "cloud-relay/bytestream_door.hpp"

#include <utility>

namespace beckon::relay {

namespace bytestreams = xmpp::bytestreams;
using run::Code;
using run::Error;
using run::Result;
using xmpp::IqReply;
using xmpp::IqRequest;

BytestreamDoor::BytestreamDoor(xmpp::Component& component, FleetStore& store, const Registrar& registrar,
                               BytestreamProxy& proxy, bytestreams::Host host, run::Log log)
    : component_(component),
      store_(store),
      registrar_(registrar),
      askers_(store, registrar),
      proxy_(proxy),
      host_(std::move(host)),
      log_(std::move(log)) {}

void BytestreamDoor::open() {
  component_.handle("get", "query", bytestreams::ns, [this](const IqRequest& request, const IqReply& reply) {
    if (const auto asker = askers_.find(request, reply)) tellHost(*asker, request, reply);
  });
  component_.handle("set", "query", bytestreams::ns, [this](const IqRequest& request, const IqReply& reply) {
    if (askers_.find(request, reply)) activate(request, reply);
  });
}

Result<> BytestreamDoor::check(const Member& asker, const xmpp::Jid& target) {
  const auto account = target.bare().text();
  const auto member = store_.member(account);
  if (!member) return member.error();
  if (!*member || (*member)->fleet != asker.fleet || registrar_.isBeingChanged(account))
    return Error{Code::unknownRobot, "there is no " + account + " in fleet " + asker.fleet,
                 "check the address: a stream leads to a member of one's own fleet"};
  return {};
}

void BytestreamDoor::tellHost(const Member& asker, const IqRequest& request, const IqReply& reply) {
  const auto question = bytestreams::readHostQuestion(request.payload);
  if (!question) return reply.error(question.error());
  if (question->target.empty()) {
    auto host = host_;
    host.streams = static_cast<std::uint32_t>(proxy_.size());
    return reply.result(bytestreams::hostAnswer(host));
  }
  if (const auto known = check(asker, question->target); !known) return reply.error(known.error());
  if (const auto opened = proxy_.open({question->sid, request.from, question->target}); !opened) {
    log_->info("{} gets no ticket: {}", asker.account, opened.error().cause);
    return reply.error(opened.error());
  }
  log_->debug("{} has a ticket to {}", request.from.text(), question->target.text());
  reply.result(bytestreams::hostAnswer(host_, Tickets::lifetime));
}

void BytestreamDoor::activate(const IqRequest& request, const IqReply& reply) {
  const auto asked = bytestreams::readActivation(request.payload);
  if (!asked) return reply.error(asked.error());
  if (const auto active = proxy_.activate({asked->sid, request.from, asked->target}); !active)
    return reply.error(active.error());
  log_->info("a stream from {} to {} begins", request.from.text(), asked->target.text());
  reply.result();
}

}  // namespace beckon::relay
